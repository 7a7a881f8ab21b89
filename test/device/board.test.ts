import t from 'tap';
import { readBoard } from '../../src/device/board.js';

t.test('a device tree names the board', async (t) => {
  const root = t.testdir({ proc: { 'device-tree': { model: 'Raspberry Pi 5 Model B Rev 1.0\0' } } });
  t.match(await readBoard(root), { model: 'Raspberry Pi 5 Model B Rev 1.0', cores: Number });
});

t.test('a PC is named by DMI', async (t) => {
  const dmi = { id: { sys_vendor: 'Beelink\n', product_name: 'EQ12\n' } };
  t.match(await readBoard(t.testdir({ sys: { class: { dmi } } })), { model: 'Beelink EQ12' });
});

t.test('a board that says nothing is said to be unknown', async (t) => {
  t.match(await readBoard(t.testdir()), { model: 'unknown board' });
});

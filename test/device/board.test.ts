import t, { type Test } from 'tap';
import { type Board, readBoard, readIdentity } from '../../src/device/board.js';
import { System } from '../../src/device/system.js';
import * as boards from './fixtures/boards.js';
import { plant, type Tree } from './fixtures/boards.js';

function read(t: Test, tree: Tree): Promise<Board> {
  return readBoard(new System(plant(t.testdir(), tree)));
}

const cases: [Tree, string, string | undefined, string, number, string][] = [
  [boards.pi3, 'Raspberry Pi 3 Model B Plus Rev 1.3', 'bcm2837', '4 Cortex-A53', 931_684, ''],
  [boards.piZero2W, 'Raspberry Pi Zero 2 W Rev 1.0', 'bcm2837', '4 Cortex-A53', 426_924, ''],
  [boards.pi4, 'Raspberry Pi 4 Model B Rev 1.5', 'bcm2711', '4 Cortex-A72', 3_884_336, ''],
  [boards.pi5, 'Raspberry Pi 5 Model B Rev 1.0', 'bcm2712', '4 Cortex-A76', 8_255_632, 'dotProduct fp16'],
  [boards.jetsonNano, 'NVIDIA Jetson Nano Developer Kit', 'tegra210', '4 Cortex-A57', 4_059_180, ''],
  [
    boards.orinNanoJetpack5,
    'NVIDIA Orin Nano Developer Kit',
    'tegra234',
    '6 Cortex-A78AE',
    7_802_312,
    'dotProduct fp16',
  ],
  [
    boards.orinNanoJetpack6,
    'NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super',
    'tegra234',
    '6 Cortex-A78AE',
    7_802_312,
    'dotProduct fp16',
  ],
  [boards.miniPc, 'AZW MINI S', undefined, '4 Intel(R) N100', 16_138_524, 'avx2 avxVnni'],
];

for (const [tree, model, soc, kinds, kibibytes, features] of cases) {
  t.test(`${model} says what it is`, async (t) => {
    const board = await read(t, tree);
    t.equal(board.model, model);
    t.equal(board.soc, soc);
    t.equal(board.cpu.kinds.map(({ name, count }) => `${count} ${name}`).join(', '), kinds);
    t.equal(board.cpu.cores, Number.parseInt(kinds, 10));
    t.equal(board.memoryBytes, kibibytes * 1024);
    const has = Object.entries(board.cpu.features).filter(([, present]) => present);
    t.equal(
      has
        .map(([name]) => name)
        .toSorted()
        .join(' '),
      features,
    );
  });
}

t.test('the operating system, and JetPack where there is one', async (t) => {
  t.strictSame((await read(t, boards.pi5)).os, { name: 'Debian GNU/Linux 12 (bookworm)' });
  t.strictSame((await read(t, boards.jetsonNano)).os.jetson, { l4t: '32.7.1', jetpack: '4' });
  t.strictSame((await read(t, boards.orinNanoJetpack5)).os.jetson, { l4t: '35.4.1', jetpack: '5' });
  t.strictSame((await read(t, boards.orinNanoJetpack6)).os, {
    name: 'Ubuntu 22.04.5 LTS',
    jetson: { l4t: '36.4.0', jetpack: '6' },
  });
  const newer = { ...boards.jetsonNano, 'etc/nv_tegra_release': '# R99 (release), REVISION: 1.0, GCID: 1\n' };
  t.strictSame((await read(t, newer)).os.jetson, { l4t: '99.1.0', jetpack: undefined }, 'no guess');
});

t.test('cores of two kinds are told apart, and a feature counts only where all have it', async (t) => {
  const core = (i: number, part: string, features: string) =>
    `processor\t: ${i}\nFeatures\t: ${features}\nCPU implementer\t: 0x41\nCPU part\t: ${part}\n\n`;
  const { cpu } = await read(t, {
    'proc/cpuinfo': core(0, '0xd05', 'asimddp') + core(1, '0xd05', 'asimddp') + core(2, '0xd0b', 'asimddp i8mm'),
  });
  t.strictSame(cpu.kinds, [
    { name: 'Cortex-A55', count: 2 },
    { name: 'Cortex-A76', count: 1 },
  ]);
  t.match(cpu.features, { dotProduct: true, i8mm: false });
});

t.test('a core that the table does not know keeps its numbers', async (t) => {
  const cpuinfo = 'processor\t: 0\nCPU implementer\t: 0x61\nCPU part\t: 0x022\n';
  t.strictSame((await read(t, { 'proc/cpuinfo': cpuinfo })).cpu.kinds, [{ name: 'ARM core 0x61 0x022', count: 1 }]);
});

t.test('a board that says nothing, or rubbish, is said to be unknown', async (t) => {
  const unknown = { model: 'unknown board', soc: undefined, memoryBytes: 0, os: { name: '' } };
  const nothing = await read(t, {});
  t.match(nothing, unknown);
  t.match(nothing.cpu, { cores: 0, kinds: [], features: { avx2: false, dotProduct: false } });
  const rubbish = await readBoard(
    new System(
      plant(t.testdir(), {
        'proc/cpuinfo': '\xff\n:::\n\n\n',
        'proc/meminfo': 'MemTotal: much kB\n',
        'etc/os-release': 'PRETTY\n',
        'etc/nv_tegra_release': 'R36',
      }),
    ),
  );
  t.match(rubbish, unknown);
  t.equal(rubbish.os.jetson, undefined);
});

t.test('this machine is no unknown one', async (t) => {
  const board = await readBoard();
  t.ok(board.cpu.cores > 0);
  t.ok(board.memoryBytes > 2 ** 28);
});

t.test('what tells it from others of its kind; undefined where it does not say', async (t) => {
  const identity = (tree: Tree) => readIdentity(new System(plant(t.testdir(), tree)));
  const serial = { 'proc/device-tree/serial-number': '10000000abcdef01\0' };
  t.strictSame(await identity({ ...boards.pi5, ...serial }), {
    modelId: 'raspberrypi,5-model-b',
    hardwareVersion: '1.0',
    serialNumber: '10000000abcdef01',
  });
  t.strictSame(await identity(boards.miniPc), {
    modelId: undefined,
    hardwareVersion: undefined,
    serialNumber: undefined,
  });
});

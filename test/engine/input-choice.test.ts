import t from 'tap';
import { settingsSchema } from '../../src/config/schema.js';
import { chooseInput, measuring } from '../../src/engine/input-choice.js';
import { loadModel } from '../../src/model/load.js';
import { Network } from '../../src/pipeline/network.js';

const model = await loadModel('minspnet-n', 'auto');
const { card } = model;
/** Milliseconds of a picture on a board that takes so many for 256x256. */
const board =
  (ms: number) =>
  async ([width, height]: readonly [number, number]) =>
    (ms * width * height) / 256 ** 2;
const budget = { percent: 50, of: 'the budget', fps: 10 };

t.test('the largest size that keeps the rate of all cameras within the budget', async (t) => {
  t.match(await chooseInput(card, { budget }, board(10)), {
    size: null,
    pixels: 416 * 256,
    reason: 'at 416x256 the network takes 16 % of one core for 10 pictures a second; the budget is 50 % of one core',
  });
  const slower = await chooseInput(card, { budget: { ...budget, fps: 31.5 } }, board(10));
  t.match(slower, { pixels: 320 * 320, reason: /^at 320x320 the network takes 49 %/ });
  const slow = await chooseInput(card, { budget: { ...budget, fps: 33 } }, board(10));
  t.match(slow, { pixels: 256 * 256, reason: /^at 320x320 the network takes 52 % of one core for 33 pictures/ });
});

t.test('what is asked for is not measured', async (t) => {
  const never = () => Promise.reject(new Error('measured'));
  const reason = 'the settings say so';
  t.strictSame(await chooseInput(card, { size: [320, 192], reason }, never), {
    size: [320, 192],
    pixels: 61440,
    reason,
  });
  t.strictSame(await chooseInput(card, { pixels: 30000, reason }, never), { size: null, pixels: 30000, reason });
  const fixed = { ...card, input: { ...card.input, fixed: [352, 352] as [number, number] } };
  t.match(await chooseInput(fixed, { budget }, never), { size: [352, 352], reason: /takes no other/ });
  const small = { ...card, input: { ...card.input, sizes: [[256, 256]] as [number, number][] } };
  t.match(await chooseInput(small, { budget }, never), { pixels: 65536, reason: /no larger size/ });
});

t.test('a larger picture takes more of the CPU', async (t) => {
  await using network = await Network.load(model, settingsSchema.parse({}).runtime);
  const measure = measuring(network);
  const [small, large] = [await measure([192, 192]), await measure([416, 256])];
  t.ok(small > 0 && large > 1.5 * small, `${small}, ${large}`);
});

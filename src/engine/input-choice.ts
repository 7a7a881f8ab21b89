import type { ModelCard } from '../contract/model-card.js';
import { usualInputPixels } from '../contract/running-model.js';
import type { InputChoice } from '../contract/status.js';
import type { Network } from '../pipeline/network.js';
import type { InputWish } from './protocol.js';

/** What the network takes for one picture of so many pixels. */
export type MeasureInput = (size: readonly [number, number]) => Promise<number>;

/** After the first one, which allocates memory, a size is run so often … */
const runs = 5;
/** … or for so long at most, milliseconds: a start must not wait for a slow board. */
const mostMs = 600;

/**
 * The input that the engine's cameras get: what was asked for, or the largest that the network was measured at and that
 * keeps the rate of all cameras within the budget. Its pixels are what is chosen: their shape follows from each camera's.
 * The usual size is the least, since below it a lower rate sees more than fewer pixels do.
 */
export async function chooseInput(card: ModelCard, wish: InputWish, measure: MeasureInput): Promise<InputChoice> {
  if ('size' in wish) return { size: wish.size, pixels: areaOf(wish.size), reason: wish.reason };
  const { fixed } = card.input;
  if (fixed !== undefined) return { size: fixed, pixels: areaOf(fixed), reason: `${card.name} takes no other` };
  if ('pixels' in wish) return { size: null, ...wish };
  const { percent, of, fps } = wish.budget;
  const budget = `${of} is ${round(percent)} % of one core`;
  let tooMuch = '';
  for (const size of largerSizes(card)) {
    const takes = (await measure(size)) * fps * 0.1;
    const told = `the network takes ${round(takes)} % of one core for ${round(fps)} pictures a second`;
    if (takes <= percent)
      return { size: null, pixels: areaOf(size), reason: `at ${size.join('x')} ${told}; ${budget}` };
    tooMuch = `at ${size.join('x')} ${told}; ${budget}`;
  }
  const reason = tooMuch === '' ? `${card.name} was measured at no larger size` : tooMuch;
  return { size: null, pixels: usualInputPixels, reason };
}

/** Sizes with more pixels than the usual ones, largest first; one for each number of pixels. */
function largerSizes({ input }: ModelCard): [number, number][] {
  const byPixels = new Map(input.sizes.map((size) => [areaOf(size), size]));
  return [...byPixels.entries()]
    .filter(([pixels]) => pixels > usualInputPixels)
    .sort(([a], [b]) => b - a)
    .map(([, size]) => size);
}

/**
 * Measures a network that nobody else uses meanwhile.
 *
 * @returns CPU milliseconds of a picture, since those of the wall count what else the board does; on another processor,
 * where the CPU's say nothing, those of the wall
 */
export function measuring(network: Network): MeasureInput {
  const onCpu = network.provider.active === 'cpu';
  const now = () => {
    const { user, system } = process.cpuUsage();
    return onCpu ? (user + system) / 1000 : performance.now();
  };
  return async ([width, height]) => {
    const input = network.prepare(new Uint8Array(width * height * 3).fill(network.model.card.input.fill), {
      width,
      height,
    });
    await network.run(input);
    const samples: number[] = [];
    for (const end = performance.now() + mostMs; samples.length < runs; ) {
      const before = now();
      await network.run(input);
      samples.push(now() - before);
      if (performance.now() > end) break;
    }
    return samples.sort((a, b) => a - b)[samples.length >> 1] as number;
  };
}

function areaOf([width, height]: readonly [number, number]): number {
  return width * height;
}

function round(value: number): number {
  return value < 10 ? Math.round(value * 10) / 10 : Math.round(value);
}

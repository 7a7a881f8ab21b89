import type { RuntimeSettings } from '../../config/schema.js';
import type { ModelCard, Precision } from '../../contract/model-card.js';
import type { Candidate } from '../../contract/tuning.js';

/** All ways to run a model on this board; INT8 stands beside its FP32 twin, so that they are measured in turns. */
export function candidatesOf(card: ModelCard, cores: number, providers: readonly Candidate['provider'][]): Candidate[] {
  const sizes = card.input.fixed ? [card.input.fixed] : card.input.sizes;
  const precisions = (['fp32', 'int8'] as const).filter((precision) => card.files[precision] !== undefined);
  const candidates: Candidate[] = [];
  for (const provider of providers) {
    for (const threads of provider === 'cpu' ? threadCounts(cores) : [1]) {
      // One thread has nobody to wait for.
      for (const spinning of threads > 1 ? [false, true] : [false]) {
        for (const size of sizes) {
          for (const precision of precisions) candidates.push({ precision, size, threads, spinning, provider });
        }
      }
    }
  }
  return candidates;
}

/** 1, 2, 4 … and all. */
function threadCounts(cores: number): number[] {
  const counts = [cores];
  for (let threads = 1; threads < cores; threads *= 2) counts.push(threads);
  return counts.sort((a, b) => a - b);
}

/** By the card, on the first set that it was measured on; null where it says nothing of this size and precision. */
export function apOf({ accuracy }: ModelCard, size: readonly [number, number], precision: Precision): number | null {
  const set = accuracy?.[0]?.set;
  const found = accuracy?.find(
    (one) => one.set === set && one.precision === precision && one.size[0] === size[0] && one.size[1] === size[1],
  );
  return found?.ap ?? null;
}

/** Why INT8 may not run at this size by what the card measured; undefined when it may, or the card says nothing. */
export function tooInaccurate(card: ModelCard, { precision, size }: Candidate): string | undefined {
  if (precision !== 'int8') return undefined;
  const [fp32, int8] = [apOf(card, size, 'fp32'), apOf(card, size, 'int8')];
  if (fp32 === null || int8 === null || fp32 - int8 <= card.maxInt8ApLoss) return undefined;
  return `INT8 loses ${(fp32 - int8).toFixed(4)} AP at ${size.join('x')}, the card allows ${card.maxInt8ApLoss}`;
}

/** The providers that are worth a try: `cpu`, and what the settings ask for and runs. */
export function providersFor(
  active: Candidate['provider'],
  asked: RuntimeSettings['provider'],
): Candidate['provider'][] {
  if (asked !== 'auto' || active === 'cpu') return [active];
  return ['cpu', active];
}

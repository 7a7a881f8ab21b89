import type { NanodetOutput, PicodetOutput } from '../contract/model-card.js';
import { type BoxDecoder, CandidateList, type Candidates, type NetworkOutput } from './box-candidates.js';
import type { Size } from './capture/input-size.js';

/** Where the rows of one stride's cells lie. */
export interface Level {
  stride: number;
  /** Names of the outputs; both may be one. */
  scores: string;
  distances: string;
  /** Values of a row of each. */
  scoresRow: number;
  distancesRow: number;
  /** Where the first value of each lies in its output. */
  scoresFrom: number;
  distancesFrom: number;
}

/**
 * Heads that tell each distance as a distribution (generalised focal loss, Li et al. 2020), as NanoDet and PicoDet have
 * them: a cell's row has the classes' scores past their sigmoid, and for left, top, right and bottom `bins` logits each;
 * the distance is the mean of 0, 1, 2 … under their softmax, in strides from the cell's centre.
 */
export class BinsDecoder implements BoxDecoder {
  readonly #list: CandidateList;
  /** Values that each output has to have. */
  readonly #sizes = new Map<string, number>();
  readonly #columns: readonly number[];

  /** @param head `centre` of a cell in strides from its corner */
  constructor(
    private readonly input: Size,
    private readonly classes: number,
    private readonly head: { bins: number; centre: number },
    private readonly levels: readonly Level[],
  ) {
    this.#columns = levels.map(({ stride }) => columnsOf(input, stride));
    let cells = 0;
    for (const { stride, scores, distances, scoresRow, distancesRow } of levels) {
      const own = cellsOf(input, stride);
      cells += own;
      this.#expect(scores, own * scoresRow);
      if (distances !== scores) this.#expect(distances, own * distancesRow);
    }
    this.#list = new CandidateList(input, cells);
  }

  decode(outputs: NetworkOutput, minScore: number): Candidates {
    for (const [name, size] of this.#sizes) {
      const found = outputs[name]?.length ?? 0;
      if (found !== size) {
        const { width, height } = this.input;
        throw new RangeError(`output ${name} has ${found} values; the card promises ${size} at ${width}x${height}`);
      }
    }
    const list = this.#list.clear();
    for (const [i, level] of this.levels.entries()) this.#decodeLevel(level, this.#columns[i] ?? 1, outputs, minScore);
    return list.candidates;
  }

  #decodeLevel(level: Level, columns: number, outputs: NetworkOutput, minScore: number): void {
    const scores = outputs[level.scores] as Float32Array;
    const distances = outputs[level.distances] as Float32Array;
    const { bins, centre } = this.head;
    const { stride } = level;
    const cells = cellsOf(this.input, stride);
    for (let cell = 0; cell < cells; cell += 1) {
      const row = level.scoresFrom + cell * level.scoresRow;
      let best = row;
      for (let at = row + 1; at < row + this.classes; at += 1) {
        if ((scores[at] as number) > (scores[best] as number)) best = at;
      }
      const score = scores[best] as number;
      if (!(score >= minScore)) continue;
      const column = cell % columns;
      const x = (column + centre) * stride;
      const y = ((cell - column) / columns + centre) * stride;
      const from = level.distancesFrom + cell * level.distancesRow;
      const reach = (side: number) => stride * meanBin(distances, from + side * bins, bins);
      this.#list.add(x - reach(0), y - reach(1), x + reach(2), y + reach(3), score, best - row);
    }
  }

  #expect(name: string, values: number): void {
    this.#sizes.set(name, values + (this.#sizes.get(name) ?? 0));
  }
}

/** NanoDet: one output, the cells of all strides one after the other, each row with scores and distances. */
export function nanodetLevels(input: Size, classes: number, { output, strides, bins }: NanodetOutput): Level[] {
  const row = classes + 4 * bins;
  let cells = 0;
  return strides.map((stride) => {
    const scoresFrom = cells * row;
    cells += cellsOf(input, stride);
    const rows = { scoresRow: row, distancesRow: row };
    return { stride, scores: output, distances: output, ...rows, scoresFrom, distancesFrom: scoresFrom + classes };
  });
}

/** PicoDet without its post-processing: two outputs a stride. */
export function picodetLevels(classes: number, { levels, bins }: PicodetOutput): Level[] {
  return levels.map((level) => ({
    ...level,
    scoresRow: classes,
    distancesRow: 4 * bins,
    scoresFrom: 0,
    distancesFrom: 0,
  }));
}

/** The last row or column may be cut: such exports round up. */
function columnsOf({ width }: Size, stride: number): number {
  return Math.ceil(width / stride);
}

function cellsOf(input: Size, stride: number): number {
  return columnsOf(input, stride) * Math.ceil(input.height / stride);
}

/** The mean of 0, 1, 2 … under the softmax of so many logits. */
function meanBin(logits: Float32Array, from: number, bins: number): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let i = from; i < from + bins; i += 1) most = Math.max(most, logits[i] as number);
  let sum = 0;
  let weighted = 0;
  for (let i = 0; i < bins; i += 1) {
    const weight = Math.exp((logits[from + i] as number) - most);
    sum += weight;
    weighted += weight * i;
  }
  return weighted / sum;
}

import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { MinspnetError, TeachError } from '../../contract/errors.js';
import { augment } from '../../learn/augment.js';
import { seeded } from '../../learn/random.js';
import type { Sample } from '../../learn/teach.js';
import { SnapshotEncoder } from '../../pipeline/capture/snapshot.js';
import type { Classifier } from '../../pipeline/classifier.js';
import type { Pixels } from '../../pipeline/network.js';
import { picturesOf } from '../pictures.js';
import type { GatheredPicture } from './gather.js';
import { statedSize } from './picture-size.js';

/** Augmented copies of each picture, where there are few … */
const mostCopies = 6;
/** … and of all pictures together: each costs a run of the network. */
const mostRuns = 4000;
/** Larger files are no pictures of an object. */
const mostBytes = 64 << 20;
/** Nor are larger pictures: decoded, one of so many pixels has 200 MB. Millions. */
const mostMegapixels = 50;
/** What is kept for teaching again: longest side, pixels; JPEG quality. */
const kept = { maxSize: 192, quality: 88 };
const whole = [0, 0, 1, 1] as const;

export interface ReadSample {
  sample: Sample;
  /** The picture, small, for teaching again. */
  jpeg: Uint8Array;
}

/** Reads pictures into embeddings of themselves and of augmented copies. */
export class PictureReader {
  readonly #encoder = new SnapshotEncoder(kept);
  readonly #random = seeded(1);
  readonly #copies: number;
  /** Class of each content that was read. */
  readonly #seen = new Map<string, Set<string>>();

  constructor(
    private readonly classifier: Classifier,
    pictures: number,
  ) {
    this.#copies = Math.max(0, Math.min(mostCopies, Math.floor(mostRuns / pictures) - 1));
  }

  /** @returns why it is left out, where it is no picture; nothing that is in a file ends the teaching */
  async read({ class: className, group, path }: GatheredPicture): Promise<ReadSample | { why: string }> {
    try {
      if ((await stat(path)).size > mostBytes) return { why: `it has more than ${mostBytes >> 20} MB` };
      const content = await readFile(path);
      const { width, height } = statedSize(content) ?? { width: 0, height: 0 };
      if (width * height > mostMegapixels * 1e6) {
        return { why: `it has ${width}x${height} pixels, more than ${mostMegapixels} million` };
      }
      // Names what is in it, so that copies of a picture are known.
      const sum = createHash('sha256').update(content).digest('hex').slice(0, 16);
      const classes = this.#seen.get(sum) ?? new Set();
      this.#seen.set(sum, classes);
      if (classes.has(className)) return { why: 'the same picture was read before' };
      classes.add(className);
      for await (const { picture, tensor } of picturesOf([path], this.classifier.input())) {
        const jpeg = this.#encoder.encode(picture.frame, { box: [...whole] });
        const embedding = await this.classifier.embed(tensor);
        const sample = { class: className, group: group ?? sum, embedding, copies: await this.#embedCopies(tensor) };
        return { sample, jpeg };
      }
      return { why: 'there is no picture in it' };
    } catch (error) {
      if (error instanceof MinspnetError && error.exit !== 'source' && error.exit !== 'input') throw error;
      return { why: (error as Error).message };
    }
  }

  /**
   * Pictures that were given as two classes teach nothing.
   *
   * @throws {TeachError} ERR_TEACH_SAME where two classes hold the same pictures
   */
  withoutContradictions(samples: readonly Sample[], skipped: { path: string; why: string }[]): Sample[] {
    const both = [...this.#seen.values()].filter((classes) => classes.size > 1);
    if (both.length === 0) return [...samples];
    const shared = new Set([...this.#seen].filter(([, classes]) => classes.size > 1).map(([sum]) => sum));
    const left = samples.filter(({ group }) => !shared.has(group));
    for (const name of new Set(samples.map((sample) => sample.class))) {
      if (left.some((sample) => sample.class === name)) continue;
      const others = new Set(both.flatMap((classes) => (classes.has(name) ? [...classes] : [])));
      const what = `all pictures of ${name} are also those of ${[...others].filter((other) => other !== name).join(', ')}`;
      throw new TeachError('ERR_TEACH_SAME', 'source', `${what}: nothing tells them apart. Sort the pictures.`);
    }
    skipped.push({ path: `${shared.size} pictures`, why: 'they were given as two classes' });
    return left;
  }

  async #embedCopies({ bytes, input, fitted }: Pixels): Promise<Float32Array[]> {
    const { width, height } = fitted;
    const rows = new Uint8Array(width * height * 3);
    for (let y = 0; y < height; y += 1) {
      rows.set(bytes.subarray(y * input.width * 3, (y * input.width + width) * 3), y * width * 3);
    }
    const copy = new Uint8Array(rows.length);
    const padded = bytes.slice();
    const copies: Float32Array[] = [];
    for (let i = 0; i < this.#copies; i += 1) {
      augment({ bytes: rows, width, height }, this.#random, copy);
      for (let y = 0; y < height; y += 1) {
        padded.set(copy.subarray(y * width * 3, (y + 1) * width * 3), y * input.width * 3);
      }
      copies.push((await this.classifier.embed({ bytes: padded, input, fitted })).slice());
    }
    return copies;
  }
}

import { createHash, randomBytes } from 'node:crypto';
import { lstat, mkdir, readdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { StateError } from '../contract/errors.js';
import { parseCard, type TaughtCard } from '../contract/model-card.js';
import { confusionSvg, curveSvg } from './drawings.js';
import { adviceOf, type Taught } from './teach.js';

/** What a model, a class or a region may be called: it becomes a part of a path and of a topic. */
export const namePattern = /^[A-Za-z0-9_-]{1,64}$/;

/** Folder of the pictures that a model was taught with, below the model's. */
export const picturesFolder = 'pictures';

/** A picture that is kept for teaching again: on another version of the network, or together with more. */
export interface KeptPicture {
  class: string;
  group: string;
  path: string;
}

/**
 * A version of a taught model while it is written: a folder of its own beside the models, which nobody sees. `commit` puts
 * it in place by exchanging one symbolic link, so a reader sees the old version or the new one, and whatever ends the
 * program before that leaves the old one. What an interrupted one left is removed by the next.
 */
export class NewVersion {
  private constructor(
    private readonly models: string,
    readonly name: string,
    /** Where the files go. */
    readonly folder: string,
  ) {}

  /**
   * @param models the folder of all models
   * @throws {StateError} ERR_TEACH_WRITE
   */
  static async begin(models: string, name: string): Promise<NewVersion> {
    const folder = join(models, `.${name}@${randomBytes(6).toString('hex')}`);
    return await writing(models, async () => {
      await mkdir(models, { recursive: true });
      const used = await linkOf(models, name);
      for (const entry of await readdir(models)) {
        if (entry.startsWith(`.${name}@`) && entry !== used) await rm(join(models, entry), { recursive: true });
      }
      await mkdir(join(folder, picturesFolder), { recursive: true });
      return new NewVersion(models, name, folder);
    });
  }

  /** @param group of pictures that are held out together; part of the file's name */
  async keep(className: string, group: string, jpeg: Uint8Array): Promise<void> {
    const file = `${group}~${createHash('sha256').update(jpeg).digest('hex').slice(0, 16)}.jpg`;
    await this.write(join(picturesFolder, className, file), jpeg);
  }

  async write(file: string, content: string | Uint8Array): Promise<void> {
    const path = join(this.folder, file);
    await writing(path, async () => {
      await mkdir(join(path, '..'), { recursive: true });
      await writeFile(path, content);
    });
  }

  /** Writes what was taught, and puts this version in the place of the one before. */
  async commit(taught: Taught, facts: TaughtFacts): Promise<TaughtCard> {
    const text = JSON.stringify(taught.head);
    const card = cardOf(this.name, text, taught, facts);
    await this.write(headFile, text);
    await this.write('confusion.svg', confusionSvg(taught.head.classes, taught.measured.confusion));
    await this.write('learning-curve.svg', curveSvg(taught.curve));
    await this.write('card.json', `${JSON.stringify(card, null, 2)}\n`);
    await this.publish();
    return card;
  }

  /** @throws {StateError} ERR_TEACH_WRITE, also where a folder of this name is no taught model: nothing of it is touched */
  async publish(): Promise<void> {
    const link = join(this.models, this.name);
    await writing(link, async () => {
      const old = await linkOf(this.models, this.name);
      const next = `${this.folder}.link`;
      await symlink(basename(this.folder), next);
      await rename(next, link);
      if (old?.startsWith(`.${this.name}@`)) await rm(join(this.models, old), { recursive: true, force: true });
    });
  }

  /** Of one that is not to be. */
  async discard(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
    await rm(`${this.folder}.link`, { force: true });
  }
}

/** What is said of a taught model besides how good it is. */
export interface TaughtFacts {
  base: { name: string; version: string };
  /** Of TensorFlow.js, and how long it took. */
  backend: string;
  seconds: number;
  taughtAt: Date;
}

const headFile = 'head.json';

function cardOf(
  name: string,
  head: string,
  taught: Taught,
  { base, backend, seconds, taughtAt }: TaughtFacts,
): TaughtCard {
  const { measured, curve, unknown, hidden, checkpoints } = taught;
  return parseCard({
    cardVersion: 1,
    name,
    version: taughtAt.toISOString().replace(/\D/g, '').slice(0, 14),
    task: 'classify',
    classes: taught.head.classes,
    output: { decoder: 'head', base, dimensions: taught.head.means[0]?.length ?? 1, unknown },
    files: {
      head: { file: headFile, sha256: createHash('sha256').update(head).digest('hex'), bytes: Buffer.byteLength(head) },
    },
    taughtAt: taughtAt.toISOString(),
    measured: { by: 'cross-validation in five parts', ...measured },
    learningCurve: { points: curve, advice: adviceOf(curve) },
    training: { layers: hidden > 0 ? 2 : 1, hidden, checkpoints, backend, seconds: Number(seconds.toFixed(1)) },
  }) as TaughtCard;
}

/** The pictures that a model was taught with; none where there is no such model. */
export async function keptPictures(modelFolder: string): Promise<KeptPicture[]> {
  const root = join(modelFolder, picturesFolder);
  const kept: KeptPicture[] = [];
  for (const className of (await readdir(root).catch(() => [])).toSorted()) {
    for (const file of (await readdir(join(root, className))).toSorted()) {
      kept.push({ class: className, group: file.split('~')[0] ?? file, path: join(root, className, file) });
    }
  }
  return kept;
}

/** Where a model's name leads; undefined if there is none. */
async function linkOf(models: string, name: string): Promise<string | undefined> {
  const before = await lstat(join(models, name)).catch(() => undefined);
  if (before === undefined) return undefined;
  if (before.isSymbolicLink()) return await readlink(join(models, name));
  throw new Error('a model is there that was not taught; choose another name');
}

async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const advice = code === 'ENOSPC' ? 'The disk is full: make room and try again' : 'See to it and try again';
    const what = `${path} can’t be written: ${message}. ${advice}; what was taught before is as it was.`;
    throw new StateError('ERR_TEACH_WRITE', 'state', what, { cause });
  }
}

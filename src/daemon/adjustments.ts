import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Settings } from '../config/schema.js';
import { StateError } from '../contract/errors.js';
import type { CameraAdjustment } from '../engine/protocol.js';
import { writeStateFile } from './state-file.js';

/** A value that was asked for, and the setting that it stands in for (null where there was none). */
function over<Value extends z.ZodType>(value: Value) {
  return z.object({ value, over: value.nullable() });
}

const contents = z.object({
  version: z.literal(1),
  cameras: z.record(
    z.string(),
    z.object({
      detect: z.literal(false).optional(),
      fps: over(z.number().positive().max(120)).optional(),
      minScore: over(z.number().min(0).max(1)).optional(),
    }),
  ),
});
type Kept = z.infer<typeof contents>['cameras'][string];

/**
 * What requests have changed of the cameras, kept in a small file over restarts. A value stands until its setting in
 * the configuration changes: whoever edits the file afterwards means it.
 */
export class Adjustments {
  readonly #path: string;
  #settings: Settings['cameras'];
  #kept: Record<string, Kept>;
  #writing: Promise<void> = Promise.resolve();

  readonly #warn: (error: StateError) => void;

  private constructor(
    path: string,
    settings: Settings['cameras'],
    kept: Record<string, Kept>,
    warn: (error: StateError) => void,
  ) {
    this.#path = path;
    this.#settings = settings;
    this.#kept = kept;
    this.#warn = warn;
  }

  /** @param warn is told when the file can't be read (nothing counts as changed then), or what is over not be taken out */
  static async open(
    path: string,
    settings: Settings['cameras'],
    warn: (error: StateError) => void,
  ): Promise<Adjustments> {
    const adjustments = new Adjustments(path, settings, await read(path, warn), warn);
    await adjustments.forget();
    return adjustments;
  }

  /** Other settings are in force: what stood in for one that has changed does not hold with them. */
  use(settings: Settings['cameras']): void {
    this.#settings = settings;
  }

  /** The settings are there to stay: what does not hold with them never comes back. */
  async forget(): Promise<void> {
    const before = JSON.stringify(this.#kept);
    const cameras = Object.keys(this.#kept).map((camera) => [camera, this.#holding(camera)] as const);
    this.#kept = Object.fromEntries(cameras.filter(([, kept]) => Object.keys(kept).length > 0));
    if (JSON.stringify(this.#kept) !== before) await this.#save().catch(this.#warn);
  }

  /** Of all cameras that something was changed of. */
  get all(): Record<string, CameraAdjustment> {
    const cameras = Object.keys(this.#kept).map((camera) => [camera, this.of(camera)] as const);
    return Object.fromEntries(cameras.filter(([, adjustment]) => Object.keys(adjustment).length > 0));
  }

  of(camera: string): CameraAdjustment {
    const { detect, fps, minScore } = this.#holding(camera);
    return {
      ...(detect !== undefined && { detect }),
      ...(fps !== undefined && { fps: fps.value }),
      ...(minScore !== undefined && { minScore: minScore.value }),
    };
  }

  /**
   * Holds at once, and after a restart when this has resolved.
   *
   * @throws {StateError} ERR_STATE_ADJUSTMENTS: it holds, but not after a restart
   */
  async set(camera: string, { detect, fps, minScore }: CameraAdjustment): Promise<void> {
    const settings = this.#settings[camera];
    const kept = this.#holding(camera);
    if (detect === true) delete kept.detect;
    else if (detect === false) kept.detect = false;
    if (fps !== undefined) kept.fps = { value: fps, over: settings?.fps ?? null };
    if (minScore !== undefined) kept.minScore = { value: minScore, over: settings?.minScore ?? null };
    this.#kept[camera] = kept;
    await this.#save();
  }

  /** A copy of what is kept of a camera, as far as it holds with the settings. */
  #holding(camera: string): Kept {
    const settings = this.#settings[camera];
    if (settings === undefined) return {};
    const { detect, fps, minScore } = this.#kept[camera] ?? {};
    return {
      ...(detect !== undefined && { detect }),
      ...(fps?.over === settings.fps && { fps }),
      ...(minScore?.over === (settings.minScore ?? null) && { minScore }),
    };
  }

  /** One after the other, each with all that is known by then. */
  async #save(): Promise<void> {
    const write = this.#writing.then(() => this.#write());
    this.#writing = write.catch(() => {});
    await write;
  }

  async #write(): Promise<void> {
    try {
      await writeStateFile(this.#path, { version: 1, cameras: this.#kept });
    } catch (cause) {
      const what = `what was asked for holds now, but ${this.#path} can’t be written, so it may not after a restart`;
      throw new StateError('ERR_STATE_ADJUSTMENTS', 'state', `${what}: ${(cause as Error).message}`, { cause });
    }
  }
}

async function read(path: string, warn: (error: StateError) => void): Promise<Record<string, Kept>> {
  try {
    return contents.parse(JSON.parse(await readFile(path, 'utf8'))).cameras;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return {};
    const what = `${path}, with what was changed by requests, can’t be read: the settings hold as they are written`;
    warn(new StateError('ERR_STATE_ADJUSTMENTS', 'state', what, { cause }));
    return {};
  }
}

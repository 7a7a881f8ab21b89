import { open, readFile, rename } from 'node:fs/promises';
import { z } from 'zod';
import type { Settings } from '../config/schema.js';
import { StateError } from '../contract/errors.js';
import type { CameraAdjustment } from '../engine/protocol.js';

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

  private constructor(path: string, settings: Settings['cameras'], kept: Record<string, Kept>) {
    this.#path = path;
    this.#settings = settings;
    this.#kept = kept;
  }

  /** @param warn is told when there is a file that can't be read; nothing counts as changed then */
  static async open(
    path: string,
    settings: Settings['cameras'],
    warn: (error: StateError) => void,
  ): Promise<Adjustments> {
    const adjustments = new Adjustments(path, settings, await read(path, warn));
    adjustments.use(settings);
    return adjustments;
  }

  /** Other settings are in force: what stood in for one that has changed is over. */
  use(settings: Settings['cameras']): void {
    this.#settings = settings;
    for (const [camera, kept] of Object.entries(this.#kept)) {
      const { fps, minScore } = settings[camera] ?? {};
      if (kept.fps && kept.fps.over !== (fps ?? null)) delete kept.fps;
      if (kept.minScore && kept.minScore.over !== (minScore ?? null)) delete kept.minScore;
      if (settings[camera] === undefined || Object.keys(kept).length === 0) delete this.#kept[camera];
    }
  }

  /** Of all cameras that something was changed of. */
  get all(): Record<string, CameraAdjustment> {
    return Object.fromEntries(Object.keys(this.#kept).map((camera) => [camera, this.of(camera)]));
  }

  of(camera: string): CameraAdjustment {
    const { detect, fps, minScore } = this.#kept[camera] ?? {};
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
    const kept: Kept = { ...this.#kept[camera] };
    if (detect === true) delete kept.detect;
    else if (detect === false) kept.detect = false;
    if (fps !== undefined) kept.fps = { value: fps, over: settings?.fps ?? null };
    if (minScore !== undefined) kept.minScore = { value: minScore, over: settings?.minScore ?? null };
    this.#kept[camera] = kept;
    // One after the other, each with all that is known by then.
    const write = this.#writing.then(() => this.#write());
    this.#writing = write.catch(() => {});
    await write;
  }

  async #write(): Promise<void> {
    try {
      const temporary = `${this.#path}.new`;
      const file = await open(temporary, 'w');
      try {
        await file.writeFile(JSON.stringify({ version: 1, cameras: this.#kept }));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, this.#path);
    } catch (cause) {
      const what = `it holds now, but ${this.#path} can’t be written, so it will not hold after a restart`;
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

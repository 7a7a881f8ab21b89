import { spawn } from 'node:child_process';
import { copyFile, mkdir, readdir, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RequestError } from '../contract/errors.js';
import type { TaughtCard } from '../contract/model-card.js';
import type { RequestGives, RequestNeeds } from '../contract/request.js';
import type { TrackSnapshot } from '../engine/protocol.js';
import type { Configuration } from './configuration.js';
import type { EngineHost } from './engine-host.js';
import type { Feed } from './feed.js';
import type { Log } from './log.js';

/** Crops of objects that are kept for whoever wants to teach with them; the oldest go first. */
const mostCrops = 500;
/** Crops that are on their way to the disk; more are not kept. */
const mostWriting = 20;
/** Teaching over MQTT may take so long, milliseconds. */
const teachMs = 4 * 60_000;

const cli = fileURLToPath(new URL('../cli.js', import.meta.url));

/** A kept crop's name holds what is known of it: `CAMERA~CLASS~TIME~TRACK.jpg`. */
const cropPattern = /^([A-Za-z0-9_-]+)~([^~/]+)~(\d+)~([A-Za-z0-9_-]+)\.jpg$/;

export interface LessonsOptions {
  feed: Feed;
  log: Log;
  configuration: Configuration;
  host: Pick<EngineHost, 'takePicture'>;
  stateDirectory: string;
  /** Ends a teaching that runs, which leaves nothing half done. */
  signal: AbortSignal;
}

/**
 * Pictures to teach with: the best crop of each object that was told is kept for a while, requests assign crops to the
 * classes of a model, collect pictures of a state's region, and have the model taught in a process of its own.
 */
export class Lessons {
  readonly #crops: string;
  #writing = 0;
  #lost = 0;

  constructor(private readonly options: LessonsOptions) {
    this.#crops = join(options.stateDirectory, 'crops');
    options.feed.on('snapshot', (snapshot) => void this.#keep(snapshot));
  }

  async crops({ camera, limit }: RequestNeeds<'crops'>): Promise<RequestGives<'crops'>> {
    const all = (await readdir(this.#crops).catch(() => [])).map(cropOf).filter((crop) => crop !== undefined);
    const wanted = all.filter((crop) => camera === undefined || crop.camera === camera);
    const newest = wanted.sort((a, b) => b.time - a.time).slice(0, limit);
    return {
      crops: newest.map(({ id, camera: of, class: name, time }) => ({
        id,
        camera: of,
        class: name,
        at: new Date(time).toISOString(),
      })),
    };
  }

  async assign({ model, class: name, crops }: RequestNeeds<'assign'>): Promise<RequestGives<'assign'>> {
    const folder = await this.#lessonsOf(model, name);
    const wanted = new Set(crops);
    const found = (await readdir(this.#crops).catch(() => [])).flatMap((file) => cropOf(file) ?? []);
    const assigned = found.filter(({ id }) => wanted.delete(id));
    for (const { id, time, file } of assigned)
      await copyFile(join(this.#crops, file), join(folder, `${id}~${time}.jpg`));
    return { assigned: assigned.length, missing: [...wanted], pictures: await this.#countOf(model) };
  }

  async collect({ camera, state, class: name }: RequestNeeds<'collect'>): Promise<RequestGives<'collect'>> {
    const settings = this.options.configuration.settings.cameras[camera]?.states[state];
    if (settings === undefined || !settings.classes.includes(name)) {
      const what = settings
        ? `${state} may be ${settings.classes.join(', ')}`
        : `camera "${camera}" has no state "${state}"`;
      throw new RequestError('ERR_REQUEST_STATE', 'usage', `${what}; see \`states\` in the settings`);
    }
    const model = settings.model ?? state;
    const folder = await this.#lessonsOf(model, name);
    const { jpeg } = await this.options.host.takePicture(camera, false, settings.region);
    const at = Date.now();
    await this.#write(folder, `${camera}-${at}~${at}.jpg`, jpeg);
    return { pictures: await this.#countOf(model) };
  }

  /** @throws {RequestError} ERR_REQUEST_TEACH with what the command said */
  async teach({ model }: RequestNeeds<'teach'>): Promise<RequestGives<'teach'>> {
    const card = await this.#runTeach(model);
    const { measured, learningCurve } = card as unknown as {
      measured: { accuracy: number };
      learningCurve: { advice: string };
    };
    return {
      name: card.name,
      version: card.version,
      classes: card.classes,
      accuracy: measured.accuracy,
      advice: learningCurve.advice,
    };
  }

  #runTeach(model: string): Promise<TaughtCard> {
    const { stateDirectory, signal } = this.options;
    const env = { ...process.env, MINSPNET_STATEDIRECTORY: stateDirectory };
    const child = spawn(process.execPath, [cli, 'teach', model, '--from-events', '--json'], {
      env,
      signal,
      timeout: teachMs,
    });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        output[name] = (output[name] + text).slice(-1_000_000);
      });
    }
    return new Promise((resolve, reject) => {
      const fail = (why: string) => reject(new RequestError('ERR_REQUEST_TEACH', 'source', why));
      child.once('error', (error) => fail(error.message));
      child.once('close', (code) => {
        if (code === 0) resolve(JSON.parse(output.stdout) as TaughtCard);
        else fail(output.stderr.trim().split('\n').at(-1) ?? `it ended with ${code}`);
      });
    });
  }

  /** The best picture of each object: a later one of the same track takes the place of the one before. */
  async #keep({ camera, track, class: name, jpeg }: TrackSnapshot): Promise<void> {
    if (this.options.configuration.settings.events.snapshot.drawBox) return; // a drawn line is no part of an object
    if (this.#writing >= mostWriting) return;
    this.#writing += 1;
    try {
      await mkdir(this.#crops, { recursive: true });
      const file = `${camera}~${name.replace(/[~/]/g, '_')}~${Date.now()}~${track}.jpg`;
      await this.#write(this.#crops, file, jpeg);
      const crops = (await readdir(this.#crops)).flatMap((each) => cropOf(each) ?? []).sort((a, b) => b.time - a.time);
      const older = crops.filter((crop, i) => i >= mostCrops || (crop.id === track && crop.file !== file));
      for (const crop of older) await unlink(join(this.#crops, crop.file)).catch(() => {});
    } catch (error) {
      if (this.#lost === 0) this.options.log.warn(`crops     none is kept for teaching: ${(error as Error).message}`);
      this.#lost += 1;
    } finally {
      this.#writing -= 1;
    }
  }

  async #write(folder: string, file: string, jpeg: Uint8Array): Promise<void> {
    const partial = join(folder, `.${file}.partial`);
    await writeFile(partial, jpeg);
    await rename(partial, join(folder, file));
  }

  async #lessonsOf(model: string, name: string): Promise<string> {
    const folder = join(this.options.stateDirectory, 'lessons', model, name);
    await mkdir(folder, { recursive: true });
    return folder;
  }

  /** Pictures that wait to be taught, by class. */
  async #countOf(model: string): Promise<Record<string, number>> {
    const root = join(this.options.stateDirectory, 'lessons', model);
    const counts: Record<string, number> = {};
    for (const name of await readdir(root)) {
      if (!(await stat(join(root, name))).isDirectory()) continue;
      counts[name] = (await readdir(join(root, name))).filter((file) => /^[^.].*\.jpg$/.test(file)).length;
    }
    return counts;
  }
}

function cropOf(file: string) {
  const [, camera, name, time, id] = cropPattern.exec(file) ?? [];
  if (camera === undefined || name === undefined || id === undefined) return undefined;
  return { file, camera, class: name, time: Number(time), id };
}

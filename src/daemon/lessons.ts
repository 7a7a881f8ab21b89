import { spawn } from 'node:child_process';
import { copyFile, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RequestError } from '../contract/errors.js';
import type { TaughtCard } from '../contract/model-card.js';
import type { RequestGives, RequestNeeds } from '../contract/request.js';
import type { EventStore } from '../history/event-store.js';
import type { Configuration } from './configuration.js';
import type { EngineHost } from './engine-host.js';

/** Teaching over MQTT may take so long, milliseconds. */
const teachMs = 4 * 60_000;

const cli = fileURLToPath(new URL('../cli.js', import.meta.url));

export interface LessonsOptions {
  configuration: Configuration;
  host: Pick<EngineHost, 'takePicture'>;
  /** The event list, whose snapshots are the crops; undefined where none is kept. */
  history: () => Pick<EventStore, 'list' | 'find' | 'fileOf'> | undefined;
  stateDirectory: string;
  /** Ends a teaching that runs, which leaves nothing half done. */
  signal: AbortSignal;
}

/**
 * Pictures to teach with: requests assign snapshots of the event list to the classes of a model, collect pictures of a
 * state's region, and have the model taught in a process of its own. Nothing is kept here that nobody has asked for.
 */
export class Lessons {
  constructor(private readonly options: LessonsOptions) {}

  async crops({ camera, limit }: RequestNeeds<'crops'>): Promise<RequestGives<'crops'>> {
    const { events } = this.#history.list({ camera, limit: Number.POSITIVE_INFINITY });
    const pictured = events.filter(({ snapshot }) => snapshot !== null).slice(0, limit);
    return {
      crops: pictured.map(({ id, camera: of, class: name, lastAt }) => ({ id, camera: of, class: name, at: lastAt })),
    };
  }

  async assign({ model, class: name, crops }: RequestNeeds<'assign'>): Promise<RequestGives<'assign'>> {
    const history = this.#history;
    const folder = await this.#lessonsOf(model, name);
    const missing: string[] = [];
    const ids = [...new Set(crops)];
    for (const id of ids) {
      const [record, path] = [history.find(id), await history.fileOf(id, 'snapshot')];
      if (record === undefined || path === undefined) missing.push(id);
      else if (!(await copied(path, join(folder, `${id}~${Date.parse(record.lastAt)}.jpg`)))) missing.push(id);
    }
    return { assigned: ids.length - missing.length, missing, pictures: await this.#countOf(model) };
  }

  /** @throws {RequestError} ERR_REQUEST_CROPS where there are none, or none to teach with */
  get #history() {
    const history = this.options.history();
    const { snapshot } = this.options.configuration.settings.events;
    if (history !== undefined && !snapshot.drawBox) return history;
    const why = history
      ? 'boxes are drawn into snapshots (events.snapshot.drawBox), and a line is no part of an object'
      : 'no pictures of events are kept (history.enabled)';
    throw new RequestError('ERR_REQUEST_CROPS', 'usage', `there are no crops: ${why}. Change that setting.`);
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

/** @returns false where it is gone meanwhile */
async function copied(from: string, to: string): Promise<boolean> {
  const partial = `${to}.partial`;
  try {
    await copyFile(from, partial);
    await rename(partial, to);
    return true;
  } catch (error) {
    await rm(partial, { force: true });
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { stringify } from 'yaml';
import type { EventMessage } from '../../src/contract/event.js';
import { findProgram, freePort, Mosquitto, noMosquitto } from '../support/broker.js';
import { TestDaemon } from '../support/daemon.js';
import { until } from '../support/until.js';
import { noChromium } from './browser.js';

const noFfmpeg = findProgram('ffmpeg') === undefined && 'needs the ffmpeg program';
/** For `t.test(name, { skip })`: why the page can't be driven here, or false. */
export const skip: string | false = noChromium || noMosquitto || noFfmpeg;

/** Whatever is waited for: a loaded machine is slow, and nothing here waits for a time to pass. */
export const patienceMs = 90_000;

/** The demo clip, played at its own rate again and again. Seen from dist/test/web. */
export const demoCamera = { source: fileURLToPath(new URL('../../../demo/street.mp4', import.meta.url)), loop: true };

/** The daemon as a user runs it, with a settings file, at a broker that the test listens to. */
export class Board {
  private constructor(
    private readonly t: Test,
    readonly folder: string,
    readonly port: number,
    readonly broker: Mosquitto,
    public daemon: TestDaemon,
  ) {}

  /** Resolves when a camera is live. @param settings beside broker and port; by default the demo without areas */
  static async start(t: Test, settings: object = { cameras: { demo: demoCamera } }): Promise<Board> {
    const broker = await new Mosquitto().start();
    t.teardown(() => broker.stop());
    const folder = t.testdir();
    const port = await freePort();
    const text = stringify({
      mqtt: { url: broker.url },
      ...settings,
      http: { port, ...('http' in settings && (settings.http as object)) },
    });
    await writeFile(join(folder, 'minspnet.yaml'), `# kept\n${text}`);
    const board = new Board(t, folder, port, broker, Board.#run(t, folder));
    await board.live();
    return board;
  }

  static #run(t: Test, folder: string): TestDaemon {
    const daemon = new TestDaemon(['run', '--config', join(folder, 'minspnet.yaml')], folder);
    t.teardown(() => daemon.dispose());
    return daemon;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  /** What stands in the settings file. */
  get settings(): string {
    return readFileSync(join(this.folder, 'minspnet.yaml'), 'utf8');
  }

  /** The next run of the same board. */
  async startAgain(): Promise<void> {
    this.daemon = Board.#run(this.t, this.folder);
    await this.live();
  }

  async live(): Promise<void> {
    await this.told(/camera .*: live/);
  }

  /** Resolves when the daemon has logged that. */
  async told(what: RegExp): Promise<void> {
    const { daemon } = this;
    await until(() => daemon.lines.some((line) => what.test(line)), patienceMs).catch((cause) => {
      throw new Error(`not told: ${what}\n${daemon.lines.slice(-30).join('\n')}${daemon.stderr}`, { cause });
    });
  }

  /** Resolves with the first event that fits, of those since `daemon.subscribe`. */
  async event(fits: (event: EventMessage) => boolean): Promise<EventMessage> {
    const found = () => this.daemon.events().find(fits);
    await until(() => found() !== undefined, patienceMs);
    return found() as EventMessage;
  }

  /** Resolves when that holds, which is asked again and again. */
  async until(holds: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + patienceMs;
    while (!(await holds())) {
      if (performance.now() > end) throw new Error(`did not come about within ${patienceMs} ms: ${holds}`);
      await sleep(100);
    }
  }

  /** JSON of the daemon's HTTP API. */
  async get<Answer>(path: string): Promise<Answer> {
    return (await (await fetch(new URL(path, this.url))).json()) as Answer;
  }
}

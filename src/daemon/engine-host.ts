import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { EngineError, MinspnetError, type SerialisedError } from '../contract/errors.js';
import type { Observation } from '../contract/event.js';
import type { EngineFacts, EngineSettings, FromEngine, ToEngine } from '../engine/protocol.js';
import { protocolVersion } from '../engine/protocol.js';
import { OpenTracks } from './open-tracks.js';

/** What an engine says in the course of its work, and what the host adds when one is lost. */
export interface EngineListener {
  ready(facts: EngineFacts, restarts: number): void;
  message(message: Exclude<FromEngine, { kind: 'ready' | 'stopped' | 'failed' }>): void;
  /** The engine is gone and will be replaced; its open tracks have been ended by `message`. */
  lost(reason: string): void;
  /** No engine will run: the model is bad, or engines die again and again at their start. */
  gaveUp(error: MinspnetError): void;
}

export interface EngineHostOptions {
  settings: Omit<EngineSettings, 'runId'>;
  listener: EngineListener;
  /** The engine's program; another one only in tests. */
  program?: string;
  /** How long an engine may take until it is ready, milliseconds. */
  startTimeoutMs?: number;
  /** An engine that says nothing for so long hangs, milliseconds. */
  silenceMs?: number;
}

/** An engine that dies before it is ready this often in a row is given up. */
const maxFailedStarts = 5;

/** The engine's heap holds settings and small messages; V8's default young generation would cost 16 MB more. */
const execArgv = ['--max-semi-space-size=4', '--max-old-space-size=128'];

/** Keeps one engine process running: starts it, listens whether it lives, replaces it when it doesn't. */
export class EngineHost {
  restarts = 0;
  state: 'stopped' | 'starting' | 'ready' | 'restarting' = 'stopped';
  #child: ChildProcess | undefined;
  #failedStarts = 0;
  #watchdog: NodeJS.Timeout | undefined;
  #stopping = false;
  #onGone: (() => void) | undefined;
  readonly #openTracks = new OpenTracks();

  constructor(private readonly options: EngineHostOptions) {}

  start(): void {
    this.state = this.restarts === 0 ? 'starting' : 'restarting';
    const program = this.options.program ?? fileURLToPath(new URL('../engine/main.js', import.meta.url));
    const child = fork(program, { serialization: 'advanced', execArgv });
    this.#child = child;
    child.on('message', (message: FromEngine) => this.#receive(message));
    child.once('exit', (code, signal) => {
      const how = signal ? `signal ${signal}` : `exit code ${code}`;
      // What it said before it died may still lie in the channel, and comes before the channel's end.
      if (child.connected) child.once('disconnect', () => this.#ended(child, how));
      else this.#ended(child, how);
    });
    child.once('error', (error) => this.#ended(child, error.message)); // it could not be started at all
    const runId = Date.now().toString(36);
    this.#send({ kind: 'start', protocolVersion, settings: { ...this.options.settings, runId } });
    this.#watch(this.options.startTimeoutMs ?? 20_000);
  }

  /** Lets the engine end its tracks; by force when that takes longer than `timeoutMs`. */
  async stop(timeoutMs: number): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#watchdog);
    const child = this.#child;
    if (child === undefined) return;
    const gone = new Promise<void>((resolve) => {
      this.#onGone = resolve;
    });
    this.#send({ kind: 'stop' });
    const impatient = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    await gone;
    clearTimeout(impatient);
    this.#endOpenTracks('stopping'); // none are left of an engine that ended by itself
    this.state = 'stopped';
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  #send(message: ToEngine): void {
    if (this.#child?.connected) this.#child.send(message, () => {}); // a dead engine is noticed by its exit
  }

  #receive(message: FromEngine): void {
    if (this.state === 'ready') this.#watch(this.options.silenceMs ?? 5000);
    switch (message.kind) {
      case 'ready':
        this.state = 'ready';
        this.#failedStarts = 0;
        this.options.listener.ready(message.facts, this.restarts);
        break;
      case 'failed':
        this.#failed(message.error);
        break;
      case 'stopped':
        break;
      case 'observation':
        this.#openTracks.follow(message.observation);
        this.options.listener.message(message);
        break;
      default:
        this.options.listener.message(message);
    }
  }

  #watch(silenceMs: number): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#child?.kill('SIGKILL'), silenceMs);
  }

  /** A bad model stays bad: no use in another engine. Everything else may be better next time. */
  #failed({ code, exit, message }: SerialisedError): void {
    if (exit === 'model' || exit === 'config') {
      this.#stopping = true;
      this.options.listener.gaveUp(new MinspnetError(code, exit, message));
    } else {
      this.options.listener.lost(message);
    }
    this.#child?.kill('SIGKILL');
  }

  #ended(child: ChildProcess, how: string): void {
    if (this.#child !== child) return;
    clearTimeout(this.#watchdog);
    this.#child = undefined;
    this.#onGone?.();
    if (this.#stopping) return;
    this.#endOpenTracks('engine-restart');
    if (this.state !== 'ready') this.#failedStarts += 1;
    if (this.#failedStarts >= maxFailedStarts) {
      const what = `the engine died ${maxFailedStarts} times before it was ready (last: ${how}).`;
      this.options.listener.gaveUp(new EngineError('ERR_ENGINE_START', 'engine', `${what} Run minspnet doctor.`));
      return;
    }
    this.options.listener.lost(`the engine ended with ${how}`);
    this.restarts += 1;
    void this.#restart();
  }

  async #restart(): Promise<void> {
    this.state = 'restarting';
    await sleep(200 * 2 ** this.#failedStarts);
    if (!this.#stopping) this.start();
  }

  #endOpenTracks(reason: 'engine-restart' | 'stopping'): void {
    for (const observation of this.#openTracks.end(reason, Date.now())) {
      this.options.listener.message({ kind: 'observation', observation: observation as Observation });
    }
  }
}

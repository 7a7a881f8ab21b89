import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { EventMessage } from '../../src/contract/event.js';
import { type Heard, Listener } from './broker.js';

const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));

/** The daemon as a user runs it: its own process, its own state, read through its log and its topics only. */
export class TestDaemon {
  readonly lines: string[] = [];
  readonly startedAt = performance.now();
  stderr = '';
  #process: ChildProcess;
  #listener: Listener | undefined;
  readonly exited: Promise<number | null>;

  /** @param inside a command that it is run by, and that becomes it */
  constructor(
    args: readonly string[],
    stateDirectory: string,
    environment: NodeJS.ProcessEnv = {},
    inside: readonly string[] = [],
  ) {
    const env = {
      ...process.env,
      MINSPNET_STATEDIRECTORY: stateDirectory,
      MINSPNET_LOG__FORMAT: 'text',
      ...environment,
    };
    const [program = '', ...rest] = [...inside, process.execPath, cli, ...args];
    const child = spawn(program, rest, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    createInterface({ input: child.stdout }).on('line', (line) => this.lines.push(line));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.exited = once(child, 'close').then(([code]) => code as number | null);
  }

  /** Resolves with the first line that matches; rejects when the daemon ends before, or after a minute: so long a daemon takes on a busy machine. */
  async line(pattern: RegExp): Promise<RegExpExecArray> {
    const ended = Symbol();
    let state: unknown;
    void this.exited.then(() => {
      state = ended;
    });
    for (const until = performance.now() + 60_000; performance.now() < until; ) {
      for (const line of this.lines) {
        const match = pattern.exec(line);
        if (match) return match;
      }
      if (state === ended) break;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`no line ${pattern} in:\n${this.said}`);
  }

  /** Subscribes to everything at the broker that the daemon says it uses, or at `url`. */
  async subscribe(url?: string): Promise<void> {
    this.#listener = await Listener.on(url ?? (await this.line(/(mqtt:\/\/[\d.:]+)/))[1] ?? '', '#');
  }

  async publish(topic: string, payload: string): Promise<void> {
    await this.#listener?.publish(topic, payload);
  }

  /** All that was heard since `subscribe`, in order. */
  get heard(): readonly Heard[] {
    return this.#listener?.heard ?? [];
  }

  /** Resolves when a message that was heard satisfies the condition. */
  async message(wanted: (heard: Heard) => boolean, timeoutMs = 10_000): Promise<Heard> {
    await this.#listener
      ?.until(() => this.heard.some(wanted), timeoutMs)
      .catch((cause) => {
        throw new Error(`not heard within ${timeoutMs} ms:\n${this.said}`, { cause });
      });
    return this.heard.find(wanted) as Heard;
  }

  events(): EventMessage[] {
    return this.#listener?.json<EventMessage>('/events') ?? [];
  }

  /** All that it has printed. */
  get said(): string {
    return [...this.lines, this.stderr].join('\n');
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Process ids of the daemon's children: the engine. */
  children(): number[] {
    const text = readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8');
    return text.trim().split(' ').filter(Boolean).map(Number);
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** For teardowns: ends whatever still runs. */
  async dispose(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.exited;
    await this.#listener?.stop();
  }
}

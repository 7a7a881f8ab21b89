import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import mqtt, { type MqttClient } from 'mqtt';
import type { EventMessage } from '../../src/contract/event.js';

const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));

/** A message as a subscriber had it. */
export interface Heard {
  topic: string;
  payload: Buffer;
  retain: boolean;
  /** performance.now() */
  at: number;
}

/** The daemon as a user runs it: its own process, its own state, read through its log and its topics only. */
export class TestDaemon {
  readonly lines: string[] = [];
  readonly heard: Heard[] = [];
  readonly startedAt = performance.now();
  stderr = '';
  #process: ChildProcess;
  #client: MqttClient | undefined;
  readonly exited: Promise<number | null>;

  constructor(args: readonly string[], stateDirectory: string, environment: NodeJS.ProcessEnv = {}) {
    const env = {
      ...process.env,
      MINSPNET_STATEDIRECTORY: stateDirectory,
      MINSPNET_LOG__FORMAT: 'text',
      ...environment,
    };
    const child = spawn(process.execPath, [cli, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    createInterface({ input: child.stdout }).on('line', (line) => this.lines.push(line));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.exited = once(child, 'close').then(([code]) => code as number | null);
  }

  /** Resolves with the first line that matches; rejects when the daemon ends before, or after ten seconds. */
  async line(pattern: RegExp): Promise<RegExpExecArray> {
    const ended = Symbol();
    let state: unknown;
    void this.exited.then(() => {
      state = ended;
    });
    for (const until = performance.now() + 10_000; performance.now() < until; ) {
      for (const line of this.lines) {
        const match = pattern.exec(line);
        if (match) return match;
      }
      if (state === ended) break;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`no line ${pattern} in:\n${this.lines.join('\n')}\n${this.stderr}`);
  }

  /** Subscribes to everything at the broker that the daemon says it uses, or at `url`. */
  async subscribe(url?: string): Promise<void> {
    const address = url ?? (await this.line(/(mqtt:\/\/[\d.:]+)/))[1];
    this.#client = await mqtt.connectAsync(address ?? '');
    this.#client.on('message', (topic, payload, { retain }) => {
      this.heard.push({ topic, payload, retain, at: performance.now() });
    });
    await this.#client.subscribeAsync('#', { qos: 1 });
  }

  /** Resolves when a message that was heard satisfies the condition. */
  async message(wanted: (heard: Heard) => boolean, timeoutMs = 10_000): Promise<Heard> {
    for (const until = performance.now() + timeoutMs; performance.now() < until; ) {
      const found = this.heard.find(wanted);
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(
      `not heard; there was ${this.heard.map(({ topic }) => topic).join(', ')}\n${this.lines.join('\n')}`,
    );
  }

  events(): EventMessage[] {
    return this.heard
      .filter(({ topic }) => topic.endsWith('/events'))
      .map(({ payload }) => JSON.parse(String(payload)));
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
    await this.#client?.endAsync(true);
  }
}

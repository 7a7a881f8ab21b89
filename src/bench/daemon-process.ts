import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** One that does not end by itself is ended after so long, milliseconds. */
const endMs = 10_000;
/** The last of what it said, characters. */
const kept = 2000;

/** The daemon as a user runs it, with settings of a file and nothing of this process's environment in them. */
export class DaemonProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended = new AbortController();
  readonly #exited: Promise<void>;
  #said = '';

  constructor(config: string) {
    const others = Object.entries(process.env).filter(([name]) => !name.startsWith('MINSPNET_'));
    const { args, environment } = startCommand();
    const env = { ...Object.fromEntries(others), ...environment };
    const stdio = ['ignore', 'pipe', 'pipe'] as const;
    this.#child = spawn(process.execPath, [...args, '-c', config], { env, stdio: [...stdio] });
    const listen = (text: Buffer) => {
      this.#said = (this.#said + text).slice(-kept);
    };
    this.#child.stdout?.on('data', listen);
    this.#child.stderr?.on('data', listen);
    // Not `close`: an engine that outlives its daemon holds the pipes open.
    const end = () => this.#ended.abort();
    this.#exited = once(this.#child, 'exit').then(end, end);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Aborted when it has ended. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** The last that it said in its log. */
  get said(): string {
    return this.#said.trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGTERM');
    const force = setTimeout(() => this.#child.kill('SIGKILL'), endMs);
    await this.#exited;
    clearTimeout(force);
  }
}

/** The project's folder. Seen from dist/src/bench. */
const root = new URL('../../../', import.meta.url);

/** Node's arguments and environment with which `npm start` runs the daemon: they belong to what is measured. */
export function startCommand(): { args: string[]; environment: NodeJS.ProcessEnv } {
  const { scripts } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
  const words = (scripts.start as string).split(' ');
  const node = words.indexOf('node');
  const given = words.slice(0, node).filter((word) => word.includes('='));
  const args = words.slice(node + 1).map((arg) => (arg.endsWith('.js') ? fileURLToPath(new URL(arg, root)) : arg));
  return { args, environment: Object.fromEntries(given.map((word) => word.split('='))) };
}

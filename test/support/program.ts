import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A program that runs beside the test, and the lines that it has printed. */
export class Program {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  #errors = '';

  constructor(command: string, args: readonly string[]) {
    this.#child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.on('error', (error) => {
      this.#errors += error.message;
    });
    if (this.#child.stdout) createInterface(this.#child.stdout).on('line', (line) => this.lines.push(line));
    this.#child.stderr?.on('data', (chunk) => {
      this.#errors += chunk;
    });
  }

  /** What it complained of. */
  get errors(): string {
    return this.#errors;
  }

  /** Resolves with the exit code, null where a signal ended it. Ends it hard where it does not go by itself. */
  async stop(signal: NodeJS.Signals, patienceMs = 20_000): Promise<number | null> {
    const child = this.#child;
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
      child.kill(signal);
      await once(child, 'exit');
      clearTimeout(timer);
    }
    return child.exitCode;
  }
}

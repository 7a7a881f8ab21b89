import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ratio } from '../src/bench/benchmark.js';
import { type Measured, measureInTurns, type Subject, turnMeans } from '../src/bench/measure.js';
import type { NetworkSubject } from '../src/bench/network-subject.js';
import { MinspnetError } from '../src/contract/errors.js';
import { median } from './summary.js';

const script = fileURLToPath(new URL('../../benchmarks/plain.py', import.meta.url));
/** So many inferences between two looks at the clock: what a pipe costs is not in them. */
const runs = 20;

/** A network in `plain.py`, beside which ours is measured. */
class PlainSubject implements Subject, AsyncDisposable {
  readonly name = 'plain';
  readonly #lines: AsyncIterator<string>;

  private constructor(
    private readonly child: ChildProcess & { stdin: NodeJS.WritableStream; stdout: NodeJS.ReadableStream },
  ) {
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** @throws {MinspnetError} ERR_BENCH_PLAIN where there is no such Python, or it has no `onnxruntime` and `numpy` */
  static async open(python: string, { model, input }: NetworkSubject, threads: number) {
    const args = [script, model.path, input.width, input.height, threads].map(String);
    const child = spawn(python, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child, 'spawn').catch((cause) => {
      throw noPlain(`${python} can’t be started`, cause);
    });
    const subject = new PlainSubject(child);
    return { subject, version: await subject.#line() };
  }

  async step(): Promise<number> {
    this.child.stdin.write(`${runs}\n`);
    return Number(await this.#line());
  }

  async #line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw noPlain('the plain loop has ended');
    return value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill();
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit');
  }
}

function noPlain(what: string, cause?: unknown): MinspnetError {
  const advice = 'Name a Python that has the packages onnxruntime and numpy with --plain.';
  return new MinspnetError('ERR_BENCH_PLAIN', 'usage', `${what}. ${advice}`, { cause });
}

/** Each subject in turns with the plain loop; a table's rows. */
export async function besidePlain(
  subjects: readonly NetworkSubject[],
  { python, seconds, threads }: { python: string; seconds: number; threads: number },
): Promise<string[][]> {
  const rows: string[][] = [];
  for (const subject of subjects) {
    const { subject: plain, version } = await PlainSubject.open(python, subject, threads);
    await using _ended = plain;
    const pair = await measureInTurns([plain, subject], { seconds: seconds / subjects.length });
    const [base, own] = pair as [Measured, Measured];
    const { median: middle, low, high, rounds } = ratio(own, base);
    const ms = (one: Measured) => median(turnMeans(one)).toFixed(3);
    const input = `${subject.input.width}x${subject.input.height}`;
    const spread = `${low.toFixed(3)} to ${high.toFixed(3)}`;
    rows.push([subject.name, input, ms(own), ms(base), middle.toFixed(3), spread, String(rounds), version]);
  }
  const head = ['network', 'input', 'bench ms', 'plain ms', 'ratio', 'quartiles', 'rounds', 'plain ONNX Runtime'];
  return [head, head.map(() => '---'), ...rows];
}

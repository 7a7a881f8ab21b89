// Runs test files, each a process of its own and as many at a time as there are cores: `npm test`, `npm run test:e2e`, and
// `npm test -- mqtt/ backoff` for those whose path contains one of these. Each of them runs alone, too: `node FILE`.
//
// tap's own command is not used: it loads what measures coverage into each test file and each process that a test starts,
// daemons and engines too, even if no coverage is asked for. That is 1.1 s of CPU more for each of them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const folder = fileURLToPath(new URL('.', import.meta.url));
/** A guard against what hangs, not a bar: some files start a daemon a dozen times. Seconds. */
const timeoutSeconds = 300;
/** What tap says last. */
const sum = /^# \{ total: .*\}$/m;

interface Result {
  file: string;
  seconds: number;
  /** Of its assertions, by what became of them. */
  counts: Record<string, number>;
  /** Undefined if it passed. */
  failure: string | undefined;
}

async function runFile(file: string): Promise<Result> {
  const startedAt = performance.now();
  const env = { ...process.env, TAP: '1', TAP_TIMEOUT: String(timeoutSeconds) };
  const args = ['--enable-source-maps', join(folder, file)];
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), (timeoutSeconds + 30) * 1000);
  let [said, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const [code, signal] = await once(child, 'close');
  clearTimeout(timer);
  const [line = ''] = sum.exec(said) ?? [];
  const counts = Object.fromEntries(
    [...line.matchAll(/(\w+): (\d+)/g)].map(([, name, count]) => [name, Number(count)]),
  );
  const isPassed = code === 0 && line !== '' && counts.fail === undefined;
  if (!isPassed) counts.fail ??= 1;
  const failure = `${said.replace(/^ *ok .*\n/gm, '')}${errors}\nended with ${signal ?? `exit code ${code}`}`;
  const seconds = (performance.now() - startedAt) / 1000;
  return { file, seconds, counts, failure: isPassed ? undefined : failure };
}

const { values, positionals } = parseArgs({
  options: { suffix: { type: 'string', default: '.test.js' } },
  allowPositionals: true,
});
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith(values.suffix))
  .filter((file) => positionals.length === 0 || positionals.some((part) => file.includes(part)))
  .toSorted();
const total: Record<string, number> = { total: 0, pass: 0 };
const failed: Result[] = [];
const waiting = [...files];

async function work(): Promise<void> {
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
    const result = await runFile(file);
    const { seconds, counts, failure } = result;
    for (const [name, count] of Object.entries(counts)) total[name] = (total[name] ?? 0) + count;
    const skipped = counts.skip === undefined ? '' : `, ${counts.skip} skipped`;
    console.log(
      `${failure === undefined ? 'ok' : 'not ok'} ${file}: ${counts.pass ?? 0} passed${skipped}, ${seconds.toFixed(1)} s`,
    );
    if (failure === undefined) continue;
    failed.push(result);
    console.log(failure);
  }
}

await Promise.all(Array.from({ length: availableParallelism() }, work));
if (files.length === 0) {
  console.log(`no test file's path contains ${positionals.join(' or ')}`);
  process.exitCode = 1;
}
for (const { file } of failed) console.log(`not ok ${file}`);
if (failed.length > 0) process.exitCode = 1;
const sums = Object.entries(total).map(([name, count]) => `${name}: ${count}`);
console.log(`# { ${sums.join(', ')} }`);

/**
 * `npm run bench:peers`: our networks and others' small detectors, in turns through the core of `minspnet bench`, with
 * the accuracy that their cards hold, in one table.
 */
import { access, copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ratio } from '../src/bench/benchmark.js';
import { type Measured, measureInTurns } from '../src/bench/measure.js';
import { NetworkSubject } from '../src/bench/network-subject.js';
import { settingsSchema } from '../src/config/schema.js';
import { exitCodes, MinspnetError } from '../src/contract/errors.js';
import { modelCard, type VerifiedModel } from '../src/contract/model-card.js';
import { loadModel } from '../src/model/load.js';
import { besidePlain } from './plain.js';
import { percentile } from './summary.js';

const fromRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

const { values: options } = parseArgs({
  options: {
    /** The folder of the peers' ONNX files, named as in their cards. */
    peers: { type: 'string', default: fromRoot('../shared/peers') },
    source: { type: 'string', default: fromRoot('demo/street.mp4') },
    /** Of all networks together. */
    seconds: { type: 'string', default: '60' },
    /** A Python with onnxruntime and numpy: ours in turns with a plain loop there, in place of the peers. */
    plain: { type: 'string' },
    /** Of our inputs; the peers' are fixed. */
    sizes: { type: 'string', default: '256x256,192x192' },
  },
});

/** What all latencies are divided by. */
const base = 'yolox-nano';
const ours = ['minspnet-s', 'minspnet-n'];
const set = 'edge8-val';
const cards = fromRoot('benchmarks/peers');

try {
  await main();
} catch (error) {
  if (!(error instanceof MinspnetError)) throw error;
  console.error(error.message);
  process.exitCode = exitCodes[error.exit];
}

async function main(): Promise<void> {
  const { runtime } = settingsSchema.parse({});
  const folder = await mkdtemp(join(tmpdir(), 'minspnet-peers-'));
  const subjects: NetworkSubject[] = [];
  try {
    const open = async (model: VerifiedModel, size?: [number, number]) =>
      subjects.push(await NetworkSubject.open({ model, runtime, source: options.source, size }));
    if (options.plain === undefined) {
      for (const peer of await assemble(folder)) await open(await loadModel(peer, 'fp32'));
    }
    for (const name of ours) {
      for (const size of options.sizes.split(',')) {
        await open(await loadModel(name, 'auto'), size.split('x').map(Number) as [number, number]);
      }
    }
    const seconds = Number(options.seconds);
    const rows =
      options.plain === undefined
        ? peerRows(subjects, await measureInTurns(subjects, { seconds }))
        : await besidePlain(subjects, { python: options.plain, seconds, threads: runtime.threads });
    console.log(`on      ${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.version}`);
    console.log(`source  ${options.source}`);
    console.log(`runs    ${options.seconds} s in turns of half a second, provider cpu, threads ${runtime.threads}`);
    if (options.plain === undefined) console.log(`AP      of ${set}, from the models’ cards; not measured in this run`);
    console.log();
    for (const row of rows) console.log(`| ${row.join(' | ')} |`);
  } finally {
    for (const subject of subjects) await subject[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  }
}

/** Model folders of our cards and the files that lie elsewhere. The base comes first. */
async function assemble(folder: string): Promise<string[]> {
  const names = (await readdir(cards)).sort((a, b) => Number(b === base) - Number(a === base));
  for (const name of names) {
    const card = join(cards, name, 'card.json');
    const { file } = modelCard.parse(JSON.parse(await readFile(card, 'utf8'))).files.fp32;
    const network = resolve(options.peers, file);
    await access(network).catch((cause) => {
      throw new MinspnetError(
        'ERR_BENCH_PEER_MISSING',
        'input',
        `${network} is not there. Peers are not part of this repository: put the file that ${card} names into a ` +
          'folder and give that with --peers.',
        { cause },
      );
    });
    await mkdir(join(folder, name));
    await copyFile(card, join(folder, name, 'card.json'));
    await symlink(network, join(folder, name, file));
  }
  return names.map((name) => join(folder, name));
}

function peerRows(subjects: readonly NetworkSubject[], measured: readonly Measured[]): string[][] {
  const head = [
    'network',
    'input',
    'AP50',
    'AP',
    'p50 ms',
    'p90 ms',
    'p99 ms',
    `ratio to ${base}`,
    'quartiles',
    'runs',
  ];
  const rows = subjects.map((subject, i) => {
    const { ms } = measured[i] as Measured;
    const { median, low, high } = ratio(measured[i] as Measured, measured[0] as Measured);
    const { ap, ap50 } = accuracy(subject);
    return [
      subject.name,
      `${subject.input.width}x${subject.input.height}`,
      score(ap50),
      score(ap),
      ...(['p50', 'p90', 'p99'] as const).map((p) => percentile(ms, p)),
      median.toFixed(3),
      `${low.toFixed(3)} to ${high.toFixed(3)}`,
      String(ms.length),
    ];
  });
  return [head, head.map(() => '---'), ...rows];
}

/** What its card says for this very file and size. */
function accuracy({ model: { card, precision }, input }: NetworkSubject): { ap?: unknown; ap50?: unknown } {
  const fits = card.accuracy?.find(
    (entry) =>
      entry.set === set &&
      entry.precision === precision &&
      entry.size[0] === input.width &&
      entry.size[1] === input.height,
  );
  return fits ?? {};
}

function score(value: unknown): string {
  return typeof value === 'number' ? value.toFixed(3) : 'not measured';
}

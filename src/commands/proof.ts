import { execFile } from 'node:child_process';
import { hostname, userInfo } from 'node:os';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { runBenchmark } from '../bench/run-benchmark.js';
import { cameraSourceMistake } from '../config/address.js';
import { loadSettings } from '../config/load.js';
import { maskUrl, Redactor } from '../config/mask.js';
import type { Settings } from '../config/schema.js';
import { asMinspnetError, ConfigError, type ExitReason, exitCodes } from '../contract/errors.js';
import type { Task, VerifiedModel } from '../contract/model-card.js';
import { type CameraRun, type Failure, isDone, type Proof, proof, proofVersion } from '../contract/proof.js';
import type { Candidate } from '../contract/tuning.js';
import { modelPlaces } from '../daemon/state-directory.js';
import { findCamera } from '../device/cameras.js';
import { System } from '../device/system.js';
import { shippedModels } from '../model/list.js';
import { loadModel } from '../model/load.js';
import { examine } from './doctor.js';
import { ownVersion } from './options.js';
import { requireOutput, writeOutput } from './output-file.js';
import { ProgressBar } from './progress-bar.js';
import { runCamera } from './proof/camera-run.js';
import { proofPage } from './proof/page.js';
import { testBoxes } from './proof/self-test.js';
import { contents, summaryRows } from './proof/summary.js';
import { findTuning } from './tune.js';

export interface ProofOptions {
  /** The settings file: what the runtime may use. */
  config?: string;
  /** As a camera's `source`; by default the first that this board has, else the demo clip. */
  camera?: string;
  /** About so long it takes in all. */
  minutes: number;
  /** The JSON file; the page lies beside it. */
  output: string;
}

/** Half of the time is the camera's. Of the rest, each of the benchmark's three parts has so much … */
const benchShare = 0.08;
/** … and in `tune` each candidate in the first round: four cores have 60, and six rounds follow each other. */
const tuneShare = 0.0005;
/** A board that `tune` finds no way on that keeps up with ten pictures a second is slow, which is no fault. */
const tooSlow = 'ERR_CONFIG_LIMITS';
/** Checks of `doctor` whose words are about the board itself; all others may name a person, a place or an address. */
const aboutTheBoard = new Set([
  'board',
  'machine',
  'power',
  'temperature',
  'clocks',
  'throttling',
  'fan',
  'power mode',
  'GPU',
]);

/**
 * `minspnet proof`: all that is promised of a board, tried on it, in a file without anything of its owner.
 *
 * @returns 0 when all of it held, 79 where boxes are not the reference's, 75 where events were lost or came twice, else
 * the code of the part that could not be done
 */
export async function prove(options: ProofOptions, redactor: Redactor): Promise<number> {
  const { output, minutes } = options;
  const page = `${output.replace(/\.json$/, '')}.html`;
  for (const file of [output, page]) await requireOutput(file);
  const source = await chooseSource(options.camera, redactor);
  process.stdout.write(`This takes about ${minutes} minutes and writes ${output} and ${page}.\n\n${contents}\n`);
  const { result, exit } = await collect(source, options, redactor);
  const told = proof.parse(withoutOwner(result));
  const width = Math.max(...summaryRows(told).map(([what]) => what.length));
  process.stdout.write('What will be written:\n');
  for (const [what, text] of summaryRows(told)) process.stdout.write(`${what.padEnd(width)}  ${text}\n`);
  await writeOutput(output, `${JSON.stringify(told, undefined, 2)}\n`);
  await writeOutput(page, proofPage(told));
  process.stdout.write(`\nwritten: ${output} and ${page}; read them before you give them to anybody\n`);
  return exitCodes[exit];
}

/** @throws {ConfigError} when it is no source */
async function chooseSource(camera: string | undefined, redactor: Redactor): Promise<string> {
  if (camera === undefined) return (await findCamera()) ?? 'demo';
  redactor.addSettings(camera, []);
  const mistake = cameraSourceMistake(camera);
  if (mistake === undefined) return camera;
  throw new ConfigError(
    'ERR_CONFIG_CAMERA',
    'usage',
    `--camera: "${maskUrl(camera)}" is no source; wanted: ${mistake}.`,
  );
}

/** Does one part after the other; one that fails leaves the others to be done. */
async function collect(
  source: string,
  { config, minutes }: ProofOptions,
  redactor: Redactor,
): Promise<{ result: Proof; exit: ExitReason }> {
  const { settings } = loadSettings({ file: config, redactor });
  const faults: { exit: ExitReason; what: string }[] = [];
  const bar = new ProgressBar(process.stderr, 'proving');
  const seconds = 60 * minutes;
  const part = async <Result>(name: string, work: () => Promise<Result>): Promise<Result | Failure> => {
    try {
      return await work();
    } catch (thrown) {
      const { code, exit, message } = asMinspnetError(thrown);
      bar.end();
      process.stderr.write(`${name}: ${redactor.redact(message)} [${code}]\n`);
      if (code !== tooSlow) faults.push({ exit, what: `${name} could not be done [${code}]` });
      return { code };
    }
  };
  const doctor = await checkAll(config, redactor);
  const detectors = await shippedModels('detect');
  const selfTest = await part('boxes', async () => {
    const results = [];
    for (const [i, model] of detectors.entries()) {
      const progress = (done: number) => bar.show('boxes', (i + done) / detectors.length);
      results.push(...(await testBoxes(model, settings.runtime, progress)));
    }
    return results;
  });
  if (isDone(selfTest) && !selfTest.every(({ within }) => within)) {
    faults.push({ exit: 'model', what: 'boxes are beyond the tolerance' });
  }
  const tuning = await part('tune', () =>
    findTuning({ source: 'demo', seconds: tuneShare * seconds }, settings, redactor, {
      onProgress: (round, count, done) => bar.show(`tune, round ${round + 1}, ${count} candidates`, done),
    }),
  );
  const { precision, size, ...chosen }: Partial<Candidate> = isDone(tuning) ? tuning.choice : {};
  const runtime = { ...settings.runtime, ...chosen };
  const benchmark = await part('bench', async () =>
    runBenchmark(
      {
        version: ownVersion(),
        models: await allFiles(settings, precision),
        runtime,
        size,
        source: 'demo',
        seconds: benchShare * seconds,
      },
      { onProgress: ({ part: name, done }) => bar.show(`bench, ${name}`, done) },
    ),
  );
  const model = { precision: precision ?? settings.model.precision, size: size ?? settings.model.size };
  const camera = await part('camera', () =>
    runCamera({ source, seconds: seconds / 2, runtime, model, onProgress: (done) => bar.show('camera', done) }),
  );
  bar.end();
  if (isDone(camera)) faults.push(...eventFaults(camera));
  const result: Proof = {
    proofVersion,
    at: new Date().toISOString(),
    version: ownVersion(),
    architecture: process.arch,
    emulator: await readEmulator(),
    minutes,
    passed: faults.length === 0,
    faults: faults.map(({ what }) => what),
    doctor,
    selfTest,
    tuning,
    benchmark,
    camera,
  };
  return { result, exit: faults[0]?.exit ?? 'ok' };
}

/** The program that imitates the processor, where one does: Linux tells it of another process, such as a child's parent. */
async function readEmulator(): Promise<string | null> {
  const script = "process.stdout.write(require('node:fs').readlinkSync('/proc/' + process.ppid + '/exe'))";
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script]);
  const program = basename(stdout);
  return program.startsWith('qemu') ? program : null;
}

/** Each file of each model that comes with us; first the detector's that the daemon runs with. */
async function allFiles(
  settings: Settings,
  precision: Candidate['precision'] | undefined,
): Promise<[VerifiedModel, ...VerifiedModel<Task>[]]> {
  const first = await loadModel(settings.model.path, precision ?? 'auto', 'detect', modelPlaces(settings));
  const others: VerifiedModel<Task>[] = [];
  for (const task of ['detect', 'classify', 'segment'] as const) {
    for (const { folder, card } of await shippedModels(task)) {
      for (const precision of ['int8', 'fp32'] as const) {
        if (card.files[precision] !== undefined) others.push(await loadModel(folder, precision, task));
      }
    }
  }
  return [first, ...others.filter(({ sha256 }) => sha256 !== first.sha256)];
}

async function checkAll(config: string | undefined, redactor: Redactor): Promise<Proof['doctor']> {
  const checks: Proof['doctor'] = [];
  for await (const { name, status, message } of examine(new System(), redactor, config)) {
    const kind = name.startsWith('camera ') ? 'camera' : name;
    checks.push({ name: kind, status, ...(aboutTheBoard.has(name) && { message }) });
  }
  return checks;
}

function eventFaults({ events }: CameraRun): { exit: ExitReason; what: string }[] {
  const faults: { exit: ExitReason; what: string }[] = [];
  if (events.lost > 0) faults.push({ exit: 'engine', what: `${events.lost} events were lost` });
  if (events.twice > 0) faults.push({ exit: 'engine', what: `${events.twice} events came twice` });
  return faults;
}

/** Names that say nothing of a person, and stand in words of ours. */
const everybody = ['minspnet', 'root', 'pi', 'localhost', 'raspberrypi', 'jetson', 'ubuntu', 'debian'];

/** The last line: a board may be called like its owner, and a kernel like who has built it. */
export function withoutOwner(result: Proof): Proof {
  const names = new Redactor();
  for (const name of [hostname(), userInfo().username]) if (!everybody.includes(name)) names.add(name);
  const doctor = result.doctor.map(({ message, ...check }) => ({
    ...check,
    ...(message !== undefined && { message: names.redact(message) }),
  }));
  const { benchmark } = result;
  if (!isDone(benchmark)) return { ...result, doctor };
  const { model, cpu, os, kernel } = benchmark.board;
  const texts = Object.entries({ model, cpu, os, kernel }).map(([name, text]) => [name, names.redact(text)]);
  return {
    ...result,
    doctor,
    benchmark: { ...benchmark, board: { ...benchmark.board, ...Object.fromEntries(texts) } },
  };
}

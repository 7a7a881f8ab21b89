import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { compare, type Difference, type FoundBox, isWithin } from '../../src/bench/detection-difference.js';
import { Listener, startAedes } from '../support/broker.js';
import { cores, Emulator, whyNot } from './emulator.js';
import { arm64Packages, demoClip, installApp, nativeCli, type Packages } from './packages.js';

/*
 * `npm run test:arm64`: the same pictures through `minspnet detect` on this x86 machine and as arm64 under QEMU, then
 * the daemon as arm64. Says what it compared; ends with 1 where arm64 differs, and with 0 where it can't be run.
 *
 * The bound is the noise of quantisation itself, measured in the same run: no box of arm64 INT8 may be farther from x86
 * INT8 than x86 INT8 is from x86 FP32 on these pictures, and a box that only one of them has must be so near the least
 * score that this noise explains it. Rounding that differs between kernels stays below that, and does users no more harm
 * than the INT8 file itself.
 */
const execute = promisify(execFile);
/** Less than the model's own, so that more boxes are compared. */
const minScore = 0.3;
/** Counted as found from here; the daemon also publishes what is too weak to make a track. */
const trackScore = 0.5;
/** QEMU on a loaded machine takes 30 times as long as the board. */
const patienceMs = 240_000;

async function output(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  return { code, stdout, stderr };
}

/** The boxes of each picture, of `minspnet detect --json`. */
async function reports(child: ChildProcess): Promise<FoundBox[][]> {
  const { code, stdout, stderr } = await output(child);
  if (code !== 0) throw new Error(`minspnet detect ended with ${code}: ${stderr}`);
  return stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { detections: FoundBox[] }).detections);
}

function figures({ matched, alone, score, pixels }: Difference): string {
  return `${matched} boxes matched, ${alone.length} not; largest difference: score ${score.toFixed(4)}, edges ${pixels.toFixed(2)} px`;
}

/** One picture each 2/3 s of the street while it is busy, without loss. */
async function cutPictures(directory: string): Promise<string[]> {
  await mkdir(directory);
  const filter = ['-vf', 'select=not(mod(n\\,10))', '-fps_mode', 'passthrough', '-frames:v', '12'];
  await execute('ffmpeg', ['-v', 'error', '-ss', '11', '-i', demoClip, ...filter, join(directory, '%02d.png')]);
  return (await readdir(directory)).sort().map((name) => join(directory, name));
}

async function detections(directory: string, packages: Packages, cli: string): Promise<boolean> {
  const pictures = await cutPictures(join(directory, 'pictures'));
  const args = (precision: string) => [
    'detect',
    '--json',
    '--precision',
    precision,
    '--min-score',
    String(minScore),
    ...pictures,
  ];
  const native = (precision: string) => reports(spawn(process.execPath, [nativeCli, ...args(precision)]));
  const int8 = await native('int8');
  const noise = compare(int8, await native('fp32'));
  console.log(`${pictures.length} pictures, score from ${minScore}`);
  console.log(`x86 INT8 and x86 FP32, the bound: ${figures(noise)}`);
  let good = noise.matched > 0;
  for (const core of cores) {
    const emulator = await Emulator.make(core, packages.node, await mkdtemp(join(directory, 'core-')));
    const difference = compare(int8, await reports(emulator.spawn([cli, ...args('int8')], {})));
    const within = isWithin(difference, noise, minScore);
    console.log(
      `x86 INT8 and arm64 INT8, ${core.name}: ${figures(difference)}: ${within ? 'within' : 'BEYOND'} the bound`,
    );
    good &&= within;
  }
  return good;
}

/** `minspnet run` as arm64 at a real broker, with six seconds of the street as they would come from a camera. */
async function daemon(directory: string, packages: Packages, cli: string): Promise<boolean> {
  const [core] = cores;
  if (core === undefined) return false;
  const clip = join(directory, 'street.mp4');
  await execute('ffmpeg', ['-v', 'error', '-ss', '14', '-i', demoClip, '-t', '6', '-c:v', 'libx264', '-bf', '0', clip]);
  const broker = await startAedes();
  const listener = await Listener.on(broker.url, '#');
  try {
    const emulator = await Emulator.make(core, packages.node, await mkdtemp(join(directory, 'daemon-')));
    const env = { MINSPNET_STATEDIRECTORY: join(directory, 'state'), MINSPNET_EVENTS__DETECTIONS: 'true' };
    const args = [cli, 'run', '--source', clip, '--pace', 'realtime', '--mqtt', broker.url, '--no-colour'];
    const { code, stdout, stderr } = await output(emulator.spawn(args, { cwd: directory, env }));
    const ready = /\bready\b/.test(stdout);
    const pictures = listener.json<{ detections: { score: number }[] }>('/detections');
    const found = pictures.flatMap(({ detections }) => detections).filter(({ score }) => score >= trackScore).length;
    const events = listener.json('/events').length;
    const said = `ready ${ready ? 'yes' : 'NO'}, ${pictures.length} pictures with ${found} detections from ${trackScore}, ${events} events`;
    console.log(`minspnet run as arm64, ${core.name}: ${said}, ended with ${code}`);
    const good = ready && found + events > 0 && code === 0;
    if (!good) console.log(stdout, stderr);
    return good;
  } finally {
    await listener.stop();
    await broker.stop();
  }
}

async function main(): Promise<number> {
  const reason = await whyNot();
  if (reason !== undefined) {
    console.log(`skipped: ${reason}`);
    return 0;
  }
  let packages: Packages;
  try {
    packages = await arm64Packages();
  } catch (error) {
    console.log(`skipped: the arm64 packages can’t be had from npm: ${(error as Error).message}`);
    return 0;
  }
  const directory = await mkdtemp(join(tmpdir(), 'minspnet-arm64-'));
  try {
    const cli = await installApp(join(directory, 'app'), packages.modules);
    const same = await detections(directory, packages, cli);
    const runs = await daemon(directory, packages, cli);
    return same && runs ? 0 : 1;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

process.exitCode = await main();

import { existsSync } from 'node:fs';
import { cameraSourceMistake, describeSource, schemeOf } from '../config/address.js';
import { loadSettings } from '../config/load.js';
import { maskUrl, type Redactor } from '../config/mask.js';
import type { Settings } from '../config/schema.js';
import { exitCodes, MinspnetError, SourceError } from '../contract/errors.js';
import { Topics } from '../contract/topics.js';
import { createSource } from '../pipeline/capture/create-source.js';
import { fullPicture } from '../pipeline/capture/cut.js';
import type { PictureSource, SourceFacts } from '../pipeline/capture/picture-source.js';
import { SnapshotEncoder } from '../pipeline/capture/snapshot.js';
import { parseSource, type SourceOptions } from '../pipeline/capture/source.js';
import { writeOutput } from './output-file.js';

export interface SnapshotOptions {
  /** The settings file that names the camera. */
  config?: string;
  /** `-` is standard output. */
  output?: string;
  /** Seconds that the camera may take. */
  timeout: number;
}

/** Which camera, by its name in the settings or by its address. */
interface Camera extends SourceOptions {
  name: string;
  source: string;
}

interface Taken extends SourceFacts {
  jpeg: Uint8Array;
}

/** A camera of this board is given so long to find its exposure and white balance, ms. */
const settleMs = 1000;

/** `minspnet snapshot`: one picture of a camera, as JPEG at the size that its stream has. */
export async function snapshot(camera: string, options: SnapshotOptions, redactor: Redactor): Promise<number> {
  const { settings, file } = loadSettings({ file: options.config, redactor });
  redactor.addSettings(camera, []);
  const chosen = chooseCamera(camera, settings.cameras, file);
  const taken = await withAdvice(takePicture(chosen, options.timeout * 1000), chosen, settings);
  const { jpeg, width, height, by } = taken;
  const output = options.output ?? `${chosen.name}.jpg`;
  const line = `${width}x${height}, ${jpeg.length} bytes, ${describeSource(chosen.source)} (${by})\n`;
  if (output === '-') {
    process.stdout.write(jpeg);
    process.stderr.write(line);
  } else {
    await writeOutput(output, jpeg);
    process.stdout.write(`${output}  ${line}`);
  }
  for (const note of taken.notes ?? []) process.stderr.write(`note: ${note}\n`);
  return exitCodes.ok;
}

function chooseCamera(camera: string, cameras: Settings['cameras'], file: string | undefined): Camera {
  const known = Object.hasOwn(cameras, camera) ? cameras[camera] : undefined;
  if (known !== undefined) return { name: camera, ...known };
  const isAddress = camera === 'demo' || schemeOf(camera) !== undefined || existsSync(camera);
  const mistake = isAddress ? cameraSourceMistake(camera) : undefined;
  if (isAddress && mistake === undefined) return { name: camera === 'demo' ? camera : 'snapshot', source: camera };
  const there = Object.keys(cameras).join(', ') || 'none';
  const what =
    mistake === undefined
      ? `no camera is called "${camera}" in ${file ?? 'the settings, since there is no file'} (there: ${there}), ` +
        'and it is no address and no file'
      : `"${maskUrl(camera)}" is no source; wanted: ${mistake}`;
  throw new MinspnetError('ERR_SNAPSHOT_CAMERA', 'usage', `${what}.`);
}

async function takePicture(camera: Camera, timeoutMs: number): Promise<Taken> {
  const parsed = parseSource(camera.source, camera);
  const isNetwork = 'network' in parsed;
  await using source = createSource(parsed);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    source.interrupt();
  }, timeoutMs);
  try {
    return await read(source, parsed.live && !isNetwork ? settleMs : 0);
  } catch (error) {
    if (!late) throw error;
    const what = `${describeSource(camera.source)} gave no picture within ${timeoutMs / 1000} s. Check that the camera is on`;
    throw new SourceError('ERR_SOURCE_TIMEOUT', isNetwork ? 'unreachable' : 'source', `${what}, or raise --timeout.`);
  } finally {
    clearTimeout(timer);
  }
}

async function read(source: PictureSource, settlesMs: number): Promise<Taken> {
  const facts = await source.open();
  const from = performance.now();
  let picture = await source.next();
  while (picture !== undefined && performance.now() - from < settlesMs) picture = await source.next();
  if (picture === undefined) throw new SourceError('ERR_SOURCE_ENDED', 'source', 'it ended before its first picture.');
  const { frame } = picture;
  const encoder = new SnapshotEncoder({ quality: 100, maxSize: Number.POSITIVE_INFINITY });
  const jpeg = encoder.encode(frame, { box: [0, 0, 1, 1], options: fullPicture });
  return { ...facts, width: frame.width, height: frame.height, jpeg };
}

/** A camera of this board has one owner, which may be our own daemon: then that is who to ask. */
async function withAdvice(taking: Promise<Taken>, { name }: Camera, { cameras, mqtt, node }: Settings): Promise<Taken> {
  return taking.catch((error: unknown) => {
    if (!(error instanceof SourceError) || error.code !== 'ERR_SOURCE_BUSY' || !Object.hasOwn(cameras, name))
      throw error;
    const topics = new Topics(mqtt.baseTopic, node);
    const request = `mosquitto_pub -q 1 -t ${topics.request('snapshot')} -m '{"camera":"${name}"}'`;
    const advice = `If minspnet runs here, ask it: ${request} puts the picture at ${topics.picture(name)}.`;
    throw new SourceError(error.code, error.exit, `${error.message} ${advice}`, { cause: error });
  });
}

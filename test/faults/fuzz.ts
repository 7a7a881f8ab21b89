import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { fuzzNative } from '../support/fuzz/native.js';
import { fuzzParser } from '../support/fuzz/parsers.js';
import { fuzzSockets } from '../support/fuzz/sockets.js';

/*
 * `npm run fuzz -- [--runs 10000] [--only NAME] [--seed N]`: changed settings, model cards, ONNX files, clips and what a camera sends over HTTP, and changed
 * bytes at a real daemon's own broker and HTTP server. An engine may die of a file; the daemon may not, and nothing may hang.
 * Ends with 1 where one did.
 */
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10000' },
    only: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1e6) },
  },
});
const runs = Number(values.runs);
const options = { runs, seed: Number(values.seed) };
const path = (name: string) => fileURLToPath(new URL(`../../../${name}`, import.meta.url));

const targets: Record<string, () => Promise<{ bad: number; told: string }>> = {
  settings: () => parser('settings', path('config/default.yaml')),
  cards: () => parser('cards', path('models/minspnet-s/card.json')),
  onnx: () => native('onnx', path('models/minspnet-n/minspnet-n.int8.onnx')),
  video: () => native('video', path('demo/street.mp4')),
  mjpeg: () => mjpeg(),
  mqtt: () => sockets('mqtt'),
  http: () => sockets('http'),
};

console.log(`seed ${options.seed}`);
for (const [name, run] of Object.entries(targets)) {
  if (values.only !== undefined && !values.only.split(',').includes(name)) continue;
  const { bad, told } = await run();
  console.log(`${name}: ${runs} changed, ${told}`);
  if (bad > 0) process.exitCode = 1;
}

async function parser(name: 'settings' | 'cards', original: string) {
  const { taken, refused, wrong, worstMs } = await fuzzParser(name, original, options);
  for (const one of wrong.slice(0, 3)) console.log(one);
  const told = `${taken} taken, ${refused} refused with advice, ${wrong.length} otherwise, worst ${worstMs.toFixed(0)} ms`;
  return { bad: wrong.length, told };
}

async function native(kind: 'onnx' | 'video' | 'mjpeg', original: string) {
  const { deaths, hangs } = await fuzzNative(kind, original, options);
  return { bad: hangs, told: `${deaths} engines died, ${hangs} hung` };
}

/** Some pictures of the street as a camera sends them over HTTP. */
async function mjpeg() {
  const folder = await mkdtemp(join(tmpdir(), 'minspnet-mjpeg-'));
  try {
    const file = join(folder, 'street.mpjpeg');
    const size = ['-frames:v', '4', '-vf', 'scale=160:-2'];
    await promisify(execFile)('ffmpeg', ['-v', 'error', '-i', path('demo/street.mp4'), ...size, '-f', 'mpjpeg', file]);
    return await native('mjpeg', file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function sockets(kind: 'mqtt' | 'http') {
  const { death, silences } = await fuzzSockets(kind, options);
  if (death !== undefined) console.log(death);
  const told = `daemon deaths ${death === undefined ? 0 : 1}, right questions unanswered ${silences}`;
  return { bad: silences + (death === undefined ? 0 : 1), told };
}

import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createSource } from '../../../src/pipeline/capture/create-source.js';
import { parseSource } from '../../../src/pipeline/capture/source.js';
import { randomFrom } from '../random.js';
import { mutate } from './mutate.js';

/*
 * What an engine does with a file, with one changed file after the other: `KIND SEED FROM TO ORIGINAL FOLDER`. The number of
 * each is printed before it is tried. It may die: whoever started it goes on behind the number that it died of.
 */
const [kind = '', seed = '', from = '', to = '', original = '', folder = ''] = process.argv.slice(2);

async function watch(name: string): Promise<void> {
  await using source = createSource(parseSource(name, {}));
  await source.open();
  for (let pictures = 0; pictures < 10 && (await source.next()) !== undefined; ) pictures += 1;
}

const attempts: Record<string, (path: string) => Promise<void>> = {
  onnx: async (path) => {
    const { InferenceSession, Tensor } = await import('onnxruntime-node');
    const session = await InferenceSession.create(path, { logSeverityLevel: 4, intraOpNumThreads: 1 });
    const pixels = new Tensor('uint8', new Uint8Array(64 * 64 * 3), [1, 64, 64, 3]);
    try {
      await session.run({ [session.inputNames[0] ?? '']: pixels });
    } finally {
      await session.release();
    }
  },
  video: watch,
  mjpeg: async (path) => {
    served = await readFile(path);
    await watch(url);
  },
};

/** What the camera at `url` sends. */
let served: Uint8Array = Buffer.alloc(0);
const camera = createServer((_, response) => {
  response.writeHead(200, { 'content-type': 'multipart/x-mixed-replace; boundary=ffmpeg' });
  response.end(served);
});
camera.listen(0, '127.0.0.1').unref();
await once(camera, 'listening');
const url = `http://127.0.0.1:${(camera.address() as { port: number }).port}/`;

const bytes = await readFile(original);
const extension = original.slice(original.lastIndexOf('.'));
const path = `${folder}/changed${extension}`;
let refused = 0;
for (let i = Number(from); i < Number(to); i++) {
  await writeFile(path, mutate(bytes, randomFrom(Number(seed) + i)));
  process.stdout.write(`${i}\n`);
  await attempts[kind]?.(path).catch(() => {
    refused += 1;
  });
}
process.stdout.write(`refused ${refused}\n`);

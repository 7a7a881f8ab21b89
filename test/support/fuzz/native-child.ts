import { readFile, writeFile } from 'node:fs/promises';
import { createSource } from '../../../src/pipeline/capture/create-source.js';
import { parseSource } from '../../../src/pipeline/capture/source.js';
import { randomFrom } from '../random.js';
import { mutate } from './mutate.js';

/*
 * What an engine does with a file, with one changed file after the other: `KIND SEED FROM TO ORIGINAL FOLDER`. The number of
 * each is printed before it is tried. It may die: whoever started it goes on behind the number that it died of.
 */
const [kind = '', seed = '', from = '', to = '', original = '', folder = ''] = process.argv.slice(2);

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
  video: async (path) => {
    await using source = createSource(parseSource(path, {}));
    await source.open();
    for (let pictures = 0; pictures < 10 && (await source.next()) !== undefined; ) pictures += 1;
  },
};

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

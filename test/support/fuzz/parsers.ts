import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings } from '../../../src/config/load.js';
import { MinspnetError } from '../../../src/contract/errors.js';
import { readCard } from '../../../src/model/load.js';
import { randomFrom } from '../random.js';
import { mutate } from './mutate.js';

export interface ParserFigures {
  runs: number;
  taken: number;
  refused: number;
  /** Ended with something else than an error that says what to do. */
  wrong: string[];
  worstMs: number;
}

const readers = {
  settings: async (path: string) => void loadSettings({ file: path, environment: {} }),
  cards: async (path: string) => void (await readCard(path)),
};

/** Gives what reads settings or cards one changed file after the other. */
export async function fuzzParser(
  name: keyof typeof readers,
  original: string,
  { runs, seed }: { runs: number; seed: number },
): Promise<ParserFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'minspnet-fuzz-'));
  const bytes = await readFile(original);
  const path = join(folder, name === 'cards' ? 'card.json' : 'minspnet.yaml');
  const figures: ParserFigures = { runs, taken: 0, refused: 0, wrong: [], worstMs: 0 };
  for (let i = 0; i < runs; i++) {
    await writeFile(path, mutate(bytes, randomFrom(seed + i)));
    const before = performance.now();
    try {
      await readers[name](path);
      figures.taken += 1;
    } catch (error) {
      if (error instanceof MinspnetError) figures.refused += 1;
      else figures.wrong.push(`${seed + i}: ${(error as Error).stack?.slice(0, 300)}`);
    }
    figures.worstMs = Math.max(figures.worstMs, performance.now() - before);
  }
  await rm(folder, { recursive: true });
  return figures;
}

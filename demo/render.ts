import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CLASSES } from './classes.js';
import { renderClip } from './clip.js';
import { StillMaker } from './stills.js';
import { tar } from './tar.js';
import { renderTraffic, TRAFFIC } from './traffic.js';

const USAGE = `usage: render clip --out DIR
       render stills --count N --out DIR [--seed S] [--first I]
       render traffic --out DIR [--seed S] [KIND…]`;

async function stills(count: number, out: string, seed: number, first: number): Promise<void> {
  await mkdir(out, { recursive: true });
  const maker = new StillMaker(seed);
  const files: { name: string; data: Buffer }[] = [];
  const images: unknown[] = [];
  const shard = `stills-${String(first).padStart(5, '0')}.tar`;
  for (let i = first; i < first + count; i++) {
    const { entry, jpeg } = maker.make(i);
    images.push({ ...entry, shard });
    files.push({ name: entry.file, data: jpeg });
    if ((i - first + 1) % 100 === 0) console.log(`${i - first + 1} of ${count}`);
  }
  await writeFile(join(out, shard), tar(files));
  await writeFile(join(out, 'stills.json'), JSON.stringify({ classes: CLASSES, images }));
}

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      count: { type: 'string' },
      out: { type: 'string' },
      seed: { type: 'string' },
      first: { type: 'string' },
    },
  });
  const command = positionals[0];
  if (command === 'clip' && values.out) {
    await mkdir(values.out, { recursive: true });
    await renderClip(values.out, console.log);
  } else if (command === 'stills' && values.count && values.out) {
    await stills(Number(values.count), values.out, Number(values.seed ?? 1), Number(values.first ?? 0));
  } else if (command === 'traffic' && values.out) {
    const kinds = positionals.length > 1 ? positionals.slice(1) : TRAFFIC;
    for (const kind of kinds) {
      await renderTraffic(kind, Number(values.seed ?? 1), values.out);
      console.log(kind);
    }
  } else {
    console.error(USAGE);
    process.exitCode = 2;
  }
}

await main();

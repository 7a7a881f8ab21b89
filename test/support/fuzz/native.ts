import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface NativeFigures {
  runs: number;
  /** Taken down by it: the daemon would start another engine. */
  deaths: number;
  /** Nothing for {@link silenceMs}: the daemon would end that engine. */
  hangs: number;
}

const silenceMs = 60_000;

/** Gives native code one changed file after the other, in processes of its own. */
export async function fuzzNative(
  kind: 'onnx' | 'video' | 'mjpeg',
  original: string,
  { runs, seed }: { runs: number; seed: number },
): Promise<NativeFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'minspnet-fuzz-'));
  const program = fileURLToPath(new URL('./native-child.js', import.meta.url));
  const figures: NativeFigures = { runs, deaths: 0, hangs: 0 };
  try {
    for (let from = 0; from < runs; ) {
      let last = from;
      let isOver = false;
      let hangs = false;
      const child: ChildProcess = spawn(
        process.execPath,
        [program, kind, String(seed), String(from), String(runs), original, folder],
        { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, MALLOC_ARENA_MAX: '1' } },
      );
      const silent = () => {
        hangs = true;
        child.kill('SIGKILL');
      };
      let timer = setTimeout(silent, silenceMs);
      if (child.stdout) {
        createInterface(child.stdout).on('line', (line) => {
          clearTimeout(timer);
          timer = setTimeout(silent, silenceMs);
          if (line.startsWith('refused')) isOver = true;
          else last = Number(line);
        });
      }
      await once(child, 'close');
      clearTimeout(timer);
      if (hangs) figures.hangs += 1;
      else if (!isOver) figures.deaths += 1;
      from = isOver ? runs : last + 1;
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return figures;
}

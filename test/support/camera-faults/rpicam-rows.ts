import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { installRpicam } from '../rpicam.js';
import type { RpicamFault } from '../rpicam-vid.js';
import { FaultBench, type FaultOptions } from './bench.js';
import { type FaultRow, livesMs } from './row.js';

/** A CSI camera, of which a stand-in for `rpicam-vid` makes the pictures: it exits, hangs, and so on when it is told. */
export const rpicamRows: Record<string, FaultRow> = {
  'rpicam-vid exits': row('exit'),
  'rpicam-vid ends within a picture': row('cut'),
  'rpicam-vid hangs': row('hang', { part: 1 / 5 }),
  'rpicam-vid floods standard error, 5 s': row('flood', { part: 1 / 5, lastsMs: 5000, losesIt: false }),
};

function row(
  fault: RpicamFault,
  { part = 1, lastsMs = 0, losesIt = true }: Pick<FaultRow, 'part'> & FaultOptions & { lastsMs?: number } = {},
): FaultRow {
  return {
    skip: false,
    part,
    async make(times, folder) {
      const orders = join(folder, 'orders');
      const programs = join(folder, 'bin');
      installRpicam(programs, { orders });
      const camera = { source: 'libcamera:0', size: [256, 144], captureFps: 15 };
      const environment = { PATH: `${programs}:${process.env.PATH}` };
      await using bench = await FaultBench.start({ folder, camera, environment });
      const make = async () => {
        await writeFile(orders, fault);
        if (!(await bench.until(() => !existsSync(orders), 5000))) throw new Error('the fault was not made');
        await sleep(lastsMs);
      };
      return await bench.make(times, make, { livesMs, losesIt });
    },
  };
}

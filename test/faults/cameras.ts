import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { FaultFigures } from '../support/camera-faults/bench.js';
import { faultRows } from '../support/camera-faults/rows.js';
import { CaptureDay, type DayFigures } from '../support/capture-day/capture-day.js';

/*
 * Makes each fault of a live camera many times and prints what it cost: `npm run test:faults:cameras -- [--times N]
 * [--only NAME]`. Ends with 1 where the camera did not come back, or an engine died.
 */
const { values } = parseArgs({ options: { times: { type: 'string', default: '50' }, only: { type: 'string' } } });

for (const [name, { skip, part = 1, make }] of Object.entries(faultRows)) {
  if (values.only !== undefined && !name.includes(values.only)) continue;
  if (skip) {
    console.log(`${name}: not made, ${skip}`);
    continue;
  }
  const folder = await mkdtemp(join(tmpdir(), 'minspnet-faults-'));
  try {
    print(name, await make(Math.ceil(part * Number(values.times)), folder));
  } finally {
    await rm(folder, { recursive: true });
  }
}

const dayName = 'a day of faults, in simulated time';
if (values.only === undefined || dayName.includes(values.only)) {
  const seed = Date.now() % 1e6;
  console.log(`${dayName}: seed ${seed}`);
  printDay(await CaptureDay.simulate(24, seed));
}

function printDay({ troubles, recovered, hung, wrong, ...figures }: DayFigures): void {
  const made = Object.values(troubles).reduce((sum, times) => sum + times, 0);
  if (recovered < made || wrong.length > 0) process.exitCode = 1;
  const { downtimesMs, attemptsMs, frames, changes } = figures;
  console.log(
    [
      `${dayName}: ${recovered - 1} of ${made} recovered`,
      `downtime median ${at(downtimesMs, 0.5)} s, p99 ${at(downtimesMs, 0.99)} s, most ${at(downtimesMs, 1)} s`,
      `from the attempt that was due median ${at(attemptsMs, 0.5)} s, p99 ${at(attemptsMs, 0.99)} s`,
      `engines asked for ${hung}, pictures ${frames}, lost ${changes.reconnecting} times, stalled ${changes.stalled}`,
      `of each fault ${JSON.stringify(troubles)}`,
      `wrong: ${[...new Set(wrong)].join(', ') || 'nothing'}`,
    ].join('; '),
  );
}

function print(name: string, figures: FaultFigures): void {
  const { faults, recovered, downtimesMs, attemptsMs, held, engineRestarts, decodeErrors, codes, note } = figures;
  if (recovered < faults || engineRestarts > 0) process.exitCode = 1;
  const [early, late] = held;
  console.log(
    [
      `${name}: ${recovered} of ${faults} recovered`,
      `downtime median ${at(downtimesMs, 0.5)} s, p99 ${at(downtimesMs, 0.99)} s`,
      `from the attempt that was due median ${at(attemptsMs, 0.5)} s, p99 ${at(attemptsMs, 0.99)} s`,
      `engine restarts ${engineRestarts}, decode errors ${decodeErrors}`,
      `RSS ${early.rssMiB.toFixed(1)} -> ${late.rssMiB.toFixed(1)} MiB`,
      `threads ${early.threads} -> ${late.threads}, descriptors ${early.descriptors} -> ${late.descriptors}`,
      codes.join(', ') || 'no loss told',
      ...(note === undefined ? [] : [note]),
      `load ${loadavg()[0]?.toFixed(1)}`,
    ].join('; '),
  );
}

function at(sortedMs: number[], part: number): string {
  return ((sortedMs[Math.ceil(part * sortedMs.length) - 1] ?? Number.NaN) / 1000).toFixed(2);
}

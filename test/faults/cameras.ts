import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { FaultBench, type FaultFigures } from '../support/camera-faults.js';
import { noStreamServer } from '../support/stream-server.js';

/*
 * Makes each fault of a live camera many times and prints what it cost: `npm run test:faults:cameras -- [--times N]
 * [--only NAME]`. Ends with 1 where the camera did not come back, or an engine died.
 */
const { values } = parseArgs({ options: { times: { type: 'string', default: '50' }, only: { type: 'string' } } });
const times = Number(values.times);
if (noStreamServer) throw new Error(noStreamServer);

const faults: Record<string, (bench: FaultBench) => Promise<FaultFigures>> = {
  'server killed and restarted': (bench) => bench.killed(times),
  'the same, at once again': (bench) => bench.flapping(Math.ceil(times / 5)),
  'connection cut': (bench) => bench.cut(times),
  'half-open: no data, no FIN': (bench) => bench.halfOpen(Math.ceil(times / 10)),
  'bit errors 1e-5, 10 s': (bench) => bench.damaged(1e-5, 10),
  'bit errors 1e-4, 10 s': (bench) => bench.damaged(1e-4, 10),
};

for (const [name, make] of Object.entries(faults)) {
  if (values.only !== undefined && !name.includes(values.only)) continue;
  const state = await mkdtemp(join(tmpdir(), 'minspnet-faults-'));
  try {
    await using bench = await FaultBench.start(state);
    print(name, await make(bench));
  } finally {
    await rm(state, { recursive: true });
  }
}

function print(name: string, figures: FaultFigures): void {
  const { faults, recovered, downtimesMs, held, engineRestarts, decodeErrors, codes } = figures;
  if (recovered < faults || engineRestarts > 0) process.exitCode = 1;
  const at = (part: number) =>
    ((downtimesMs[Math.ceil(part * downtimesMs.length) - 1] ?? Number.NaN) / 1000).toFixed(2);
  const [early, late] = held;
  console.log(
    `${name.padEnd(30)} ${recovered} of ${faults} recovered; downtime median ${at(0.5)} s, p99 ${at(0.99)} s; ` +
      `engine restarts ${engineRestarts}, decode errors ${decodeErrors}; engine RSS ${early.rssMiB.toFixed(0)} -> ` +
      `${late.rssMiB.toFixed(0)} MiB, threads ${early.threads} -> ${late.threads}, descriptors ` +
      `${early.descriptors} -> ${late.descriptors}; ${codes.join(', ') || 'no loss told'}`,
  );
}

import { setTimeout as sleep } from 'node:timers/promises';
import { noStreamServer, StreamServer } from '../stream-server.js';
import { FaultBench, type FaultFigures } from './bench.js';
import { encodeClip } from './clips.js';
import { awayMs, clip, type FaultRow, livesMs } from './row.js';

type Make = (bench: FaultBench, server: StreamServer, times: number, folder: string) => Promise<FaultFigures>;

/** A camera that sends MPEG-TS over HTTP. */
export const streamRows: Record<string, FaultRow> = {
  'HTTP server killed and restarted': row((bench, server, times) =>
    bench.make(times, () => restart(server), { livesMs }),
  ),
  'HTTP server, at once again': row((bench, server, times) => bench.make(times, () => restart(server)), 1 / 5),
  'HTTP connection cut': row((bench, server, times) => bench.make(times, async () => server.cut(), { livesMs })),
  'HTTP half-open: no data, no FIN': row(
    (bench, server, times) => bench.make(times, async () => server.hold(), { livesMs }),
    1 / 5,
  ),
  'HTTP size and codec changed': row(async (bench, server, times, folder) => {
    const others = (['small', 'tall', 'mpeg2', 'hevc'] as const).map((encoding) =>
      encodeClip(clip, folder, encoding, { container: 'ts', seconds: 6 }),
    );
    const clips = [...(await Promise.all(others)), clip];
    let next = 0;
    const change = async () => {
      server.change(clips[next++ % clips.length] as string);
      await sleep(1000); // in which what was on its way still comes
    };
    return await bench.make(times, change, { livesMs, losesIt: false });
  }),
  'HTTP bit errors 1e-5, 10 s': damaged(1e-5),
  'HTTP bit errors 1e-4, 10 s': damaged(1e-4),
};

function row(make: Make, part = 1): FaultRow {
  return {
    skip: noStreamServer,
    part,
    async make(times, folder) {
      await using server = await new StreamServer(clip).start();
      await using bench = await FaultBench.start({ folder, camera: { source: server.url } });
      return await make(bench, server, times, folder);
    },
  };
}

function damaged(bitErrors: number): FaultRow {
  return row((bench, server, times) => {
    const damage = async () => {
      server.bitErrors = bitErrors;
      await sleep(10_000);
      server.bitErrors = 0;
    };
    return bench.make(times, damage, { losesIt: false });
  }, 1 / 5);
}

async function restart(server: StreamServer): Promise<void> {
  await server.stop();
  await sleep(awayMs());
  await server.start();
}

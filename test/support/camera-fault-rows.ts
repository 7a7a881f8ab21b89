import { setTimeout as sleep } from 'node:timers/promises';
import { Door } from './broker.js';
import { FaultBench, type FaultFigures } from './camera-faults.js';
import { noRtspServer, RtspServer } from './rtsp-server.js';
import { noStreamServer, StreamServer } from './stream-server.js';

/** One kind of fault, made to a daemon of its own. */
export interface FaultRow {
  /** Why it can't be made here, or false. */
  skip: string | false;
  /** Of the times that are asked for, so many: what takes long is made less often. */
  part?: number;
  /** @param folder for the daemon's state, and for what the fault needs */
  make(times: number, folder: string): Promise<FaultFigures>;
}

/** A camera lives so long between two faults, or it is flapping that is measured. */
const livesMs = 2000;
const clip = 'demo/street.mp4';

export const faultRows: Record<string, FaultRow> = {
  ...rtspRows(),
  ...streamRows(),
};

/** GStreamer's RTSP server, alone and behind a TCP proxy. */
function rtspRows(): Record<string, FaultRow> {
  const behindDoor =
    (make: (bench: FaultBench, door: Door, times: number) => Promise<FaultFigures>): FaultRow['make'] =>
    async (times, folder) => {
      await using server = await new RtspServer({ videos: [clip] }).start();
      const door = await new Door(() => server.port).start();
      try {
        await using bench = await FaultBench.start({ folder, camera: { source: server.url('', door.port) } });
        return await make(bench, door, times);
      } finally {
        await door.stop();
      }
    };
  return {
    'RTSP server killed and restarted': {
      skip: noRtspServer,
      async make(times, folder) {
        await using server = await new RtspServer({ videos: [clip] }).start();
        await using bench = await FaultBench.start({ folder, camera: { source: server.url() } });
        return await bench.make(times, () => restart(server), { livesMs });
      },
    },
    'RTSP cut within a picture': {
      skip: noRtspServer,
      make: behindDoor((bench, door, times) => {
        const cut = async () => {
          door.cutAnswer(1 + Math.floor(20_000 * Math.random()));
          await sleep(1000); // in which it gets that far
        };
        return bench.make(times, cut, { livesMs });
      }),
    },
    'RTSP half-open: no data, no FIN': {
      skip: noRtspServer,
      part: 1 / 5,
      make: behindDoor((bench, door, times) => {
        const hold = async () => {
          door.mute();
          door.open(); // for those that come anew
        };
        return bench.make(times, hold, { livesMs });
      }),
    },
    'RTSP slowed to 1 kB/s for 8 s': {
      skip: noRtspServer,
      part: 1 / 5,
      make: behindDoor((bench, door, times) => {
        const trickle = async () => {
          door.trickle(1000);
          await sleep(8000);
          door.open();
        };
        return bench.make(times, trickle, { livesMs });
      }),
    },
  };
}

/** MPEG-TS over HTTP. */
function streamRows(): Record<string, FaultRow> {
  const row = (
    make: (bench: FaultBench, server: StreamServer, times: number) => Promise<FaultFigures>,
    part = 1,
  ): FaultRow => ({
    skip: noStreamServer,
    part,
    async make(times, folder) {
      await using server = await new StreamServer(clip).start();
      await using bench = await FaultBench.start({ folder, camera: { source: server.url } });
      return await make(bench, server, times);
    },
  });
  const damaged = (bitErrors: number) =>
    row((bench, server, times) => {
      const damage = async () => {
        server.bitErrors = bitErrors;
        await sleep(10_000);
        server.bitErrors = 0;
      };
      return bench.make(times, damage, { losesIt: false });
    }, 1 / 50);
  return {
    'HTTP server killed and restarted': row((bench, server, times) =>
      bench.make(times, () => restart(server), { livesMs }),
    ),
    'HTTP server, at once again': row((bench, server, times) => bench.make(times, () => restart(server)), 1 / 5),
    'HTTP connection cut': row((bench, server, times) => bench.make(times, async () => server.cut(), { livesMs })),
    'HTTP half-open: no data, no FIN': row(
      (bench, server, times) => bench.make(times, async () => server.hold(), { livesMs }),
      1 / 5,
    ),
    'bit errors 1e-5, 10 s': damaged(1e-5),
    'bit errors 1e-4, 10 s': damaged(1e-4),
  };
}

/** It is away for 0.3 to 0.8 s. */
async function restart(server: RtspServer | StreamServer): Promise<void> {
  await server.stop();
  await sleep(300 + 500 * Math.random());
  await server.start();
}

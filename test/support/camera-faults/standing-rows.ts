import { setTimeout as sleep } from 'node:timers/promises';
import { Door } from '../broker.js';
import { noRtspServer, RtspServer } from '../rtsp-server.js';
import { noStreamServer } from '../stream-server.js';
import { FaultBench, type FaultFigures } from './bench.js';
import { stillClip } from './clips.js';
import { clip, type FaultRow, livesMs } from './row.js';

/** Of the demo clip, seconds: two cars, which stand there for ever. */
const stillAt = 22;
/** A gap that is told of nobody, and one that ends the tracks, ms. */
const shortGapMs = 2000;
const longAwayMs = 5000;

/** A connection that is lost while things stand before the camera: they are not `new` again, unless they were told to end. */
export const standingRows: Record<string, FaultRow> = {
  'RTSP cut, and what stands there': row(0, async ({ bench, newAfter, gapsMs }) => {
    const short = gapsMs.filter((gapMs) => gapMs < shortGapMs).length;
    // A longer gap may end them: its own `new` and `end` events come in pairs.
    if (newAfter > lostIn(bench)) throw new Error(`${newAfter} new events, and ${lostIn(bench)} ended by the gaps`);
    return `${short} gaps under 2 s of ${gapsMs.length}, most ${((gapsMs.at(-1) ?? 0) / 1000).toFixed(2)} s; new again ${newAfter}`;
  }),
  'RTSP gone for 5 s, and what stands there': row(
    longAwayMs,
    async ({ bench, newAfter, gapsMs, standing }) => {
      const expected = standing * gapsMs.length;
      const lost = lostIn(bench);
      if (lost !== expected || newAfter !== expected) {
        throw new Error(`of ${expected} tracks ${lost} ended with camera-lost, and ${newAfter} are new`);
      }
      return `${lost} tracks ended with camera-lost, ${newAfter} new after ${gapsMs.length} gaps before ${standing} things`;
    },
    1 / 5,
  ),
};

interface Outcome {
  bench: FaultBench;
  /** Events, after the things were told of the first time. */
  newAfter: number;
  /** Between the last picture that was analysed before a fault and the first one after it; sorted. */
  gapsMs: number[];
  /** Things that were told of. */
  standing: number;
}

function row(awayMs: number, judge: (outcome: Outcome) => Promise<string>, part = 1): FaultRow {
  return {
    skip: noRtspServer || noStreamServer,
    part,
    async make(times, folder): Promise<FaultFigures> {
      await using server = await new RtspServer({ videos: [await stillClip(clip, folder, stillAt)] }).start();
      const door = await new Door(() => server.port).start();
      try {
        await using bench = await FaultBench.start({ folder, camera: { source: server.url('', door.port) } });
        await sleep(4000); // in which they are told of
        const standing = newIn(bench);
        if (standing === 0) throw new Error('nothing stands there');
        const gapsMs: number[] = [];
        const cut = async () => {
          door.shut();
          await sleep(awayMs);
          door.open();
        };
        const figures = await bench.make(times, cut, {
          livesMs,
          onBack: (from) => gapsMs.push(longestGap(bench, from)),
        });
        await sleep(3000); // in which they would be told of again
        gapsMs.sort((a, b) => a - b);
        const note = await judge({ bench, newAfter: newIn(bench) - standing, gapsMs, standing });
        return { ...figures, note };
      } finally {
        await door.stop();
      }
    },
  };
}

function newIn(bench: FaultBench): number {
  return bench.daemon.events().filter(({ type }) => type === 'new').length;
}

function lostIn(bench: FaultBench): number {
  return bench.daemon.events().filter((event) => event.type === 'end' && event.reason === 'camera-lost').length;
}

/** Of the pictures analysed since message `from`, and the last one before it. */
function longestGap(bench: FaultBench, from: number): number {
  const { heard } = bench.daemon;
  const isPicture = ({ topic }: { topic: string }) => topic.endsWith('/detections');
  const before = heard.slice(0, from).findLast(isPicture);
  const times = [...(before ? [before] : []), ...heard.slice(from).filter(isPicture)].map(
    ({ payload }) => (JSON.parse(String(payload)) as { capturedMonotonicMs: number }).capturedMonotonicMs,
  );
  return Math.max(...times.slice(1).map((time, i) => time - (times[i] ?? time)));
}

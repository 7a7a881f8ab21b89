import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Door } from '../broker.js';
import { makeClip } from '../clip.js';
import { noRtspServer, RtspServer } from '../rtsp-server.js';
import { noStreamServer } from '../stream-server.js';
import { FaultBench, type FaultFigures } from './bench.js';
import { changingClip } from './clips.js';
import { awayMs, clip, type FaultRow, livesMs } from './row.js';

interface Camera {
  bench: FaultBench;
  server: RtspServer;
  /** A TCP proxy in between. */
  door: Door;
}

/** V8's heaps grow through the first 7,500 pictures, so pictures come before reconnections are counted: ms for each. */
const warmUpMs = 300;
const login = { user: 'viewer', password: 'hunter2 @/#' };
/** Seconds between two changes of the size, and how many one connection brings. */
const changes = { seconds: 3, count: 8 };

/** A camera that sends H.264 over RTSP: GStreamer's server, behind a TCP proxy. */
export const rtspRows: Record<string, FaultRow> = {
  'RTSP server killed and restarted': row(({ bench, server }, times) =>
    bench.make(times, () => restart(server), { livesMs }),
  ),
  'RTSP server hangs for 6 s': row(
    ({ bench, server }, times) => bench.make(times, () => hang(server), { livesMs }),
    1 / 5,
  ),
  'RTSP cut within a picture': row(({ bench, door }, times) => bench.make(times, () => cut(door), { livesMs })),
  'RTSP half-open: no data, no FIN': row(
    ({ bench, door }, times) => bench.make(times, () => hold(door), { livesMs }),
    1 / 5,
  ),
  'RTSP slowed to 200 B/s for 8 s': row(
    ({ bench, door }, times) => bench.make(times, () => trickle(door), { livesMs }),
    1 / 5,
  ),
  'RTSP all of these at random': row(({ bench, server, door }, times) => {
    const faults = [
      () => restart(server),
      () => hang(server),
      () => cut(door),
      () => hold(door),
      () => trickle(door),
      () => shut(door),
      () => silence(door),
    ];
    return bench.make(times, () => (faults[Math.floor(Math.random() * faults.length)] as () => Promise<void>)());
  }),
  'RTSP size changed': {
    skip: noRtspServer || noStreamServer,
    async make(times, folder) {
      const { seconds, count } = changes;
      const video = await changingClip(clip, folder, seconds, count);
      await using server = await new RtspServer({ videos: [video] }).start();
      await using bench = await FaultBench.start({ folder, camera: { source: server.url() } });
      return await bench.make(times, () => sleep(seconds * 1000), { losesIt: false });
    },
  },
  'RTSP reconnects': {
    skip: noRtspServer,
    part: 20, // what grows is seen over a thousand
    async make(times, folder) {
      const video = join(folder, 'tiny.mp4');
      await makeClip(video, { width: 128, height: 96, frames: 1500, fps: 25 });
      await using server = await new RtspServer({ videos: [video] }).start();
      const door = await new Door(() => server.port).start();
      try {
        const camera = { source: server.url('', door.port), fps: 25, recovery: { retrySeconds: 0.05 } };
        await using bench = await FaultBench.start({ folder, camera });
        await sleep(times * warmUpMs);
        const cutAll = async () => {
          door.shut();
          door.open();
        };
        return await bench.make(times, cutAll);
      } finally {
        await door.stop();
      }
    },
  },
  'RTSP password changed': {
    skip: noRtspServer,
    part: 1 / 5,
    async make(times, folder) {
      await using right = await new RtspServer({ videos: [clip], ...login }).start();
      await using wrong = new RtspServer({ videos: [clip], ...login, password: 'another', port: right.port });
      const network = { username: login.user, password: login.password };
      await using bench = await FaultBench.start({ folder, camera: { source: right.url(), network } });
      const refuse = async () => {
        await right.stop();
        await wrong.start();
        const isRefused = () => bench.status()?.code === 'ERR_SOURCE_LOGIN' && (bench.status()?.attempts ?? 0) >= 4;
        if (!(await bench.until(isRefused, 30_000))) throw new Error(`no refusal: ${JSON.stringify(bench.status())}`);
        await wrong.stop();
        await right.start();
      };
      const figures = await bench.make(times, refuse, { livesMs });
      const said = [...bench.daemon.heard.map(({ payload }) => String(payload)), ...bench.daemon.lines];
      if (/hunter2/.test(said.join('\n') + bench.daemon.stderr)) throw new Error('the password was told');
      return figures;
    },
  },
  'RTSP name without an address': {
    skip: noRtspServer || noNamespace(),
    part: 1 / 5,
    async make(times, folder) {
      const hosts = join(folder, 'hosts');
      const name = 'camera.invalid'; // no name server has it
      const know = () => writeFile(hosts, `127.0.0.1 localhost ${name}\n`);
      await know();
      await using server = await new RtspServer({ videos: [clip] }).start();
      const source = server.url().replace('127.0.0.1', name);
      const inside = ['unshare', '-m', 'sh', '-c', `mount --bind '${hosts}' /etc/hosts && exec "$0" "$@"`];
      await using bench = await FaultBench.start({ folder, camera: { source }, inside });
      const forget = async () => {
        await writeFile(hosts, '127.0.0.1 localhost\n');
        await restart(server);
        const isUnknown = () => bench.status()?.code === 'ERR_SOURCE_HOST';
        if (!(await bench.until(isUnknown, 30_000))) throw new Error(`it is known: ${JSON.stringify(bench.status())}`);
        await sleep(2000);
        await know();
      };
      return await bench.make(times, forget, { livesMs });
    },
  },
};

function row(make: (camera: Camera, times: number) => Promise<FaultFigures>, part = 1): FaultRow {
  return {
    skip: noRtspServer,
    part,
    async make(times, folder) {
      await using server = await new RtspServer({ videos: [clip] }).start();
      const door = await new Door(() => server.port).start();
      try {
        await using bench = await FaultBench.start({ folder, camera: { source: server.url('', door.port) } });
        return await make({ bench, server, door }, times);
      } finally {
        await door.stop();
      }
    },
  };
}

/** For `skip`: only in a mount namespace of its own can a daemon be given a name that comes and goes. */
function noNamespace(): string | false {
  return spawnSync('unshare', ['-m', 'true']).status === 0 ? false : 'needs root on Linux, for a mount namespace';
}

async function restart(server: RtspServer): Promise<void> {
  await server.stop();
  await sleep(awayMs());
  await server.start();
}

/** It takes connections and says nothing. */
async function hang(server: RtspServer): Promise<void> {
  server.signal('SIGSTOP');
  await sleep(6000);
  server.signal('SIGCONT');
}

async function cut(door: Door): Promise<void> {
  door.cutAnswer(1 + Math.floor(20_000 * Math.random()));
  await sleep(1000); // in which so much has passed
}

async function hold(door: Door): Promise<void> {
  door.mute();
  door.open(); // for those that come anew
}

async function trickle(door: Door): Promise<void> {
  door.trickle(200);
  await sleep(8000);
  door.open();
}

/** Whoever comes is refused at once. */
async function shut(door: Door): Promise<void> {
  door.shut();
  await sleep(3000);
  door.open();
}

/** What is open and whoever comes hears nothing. */
async function silence(door: Door): Promise<void> {
  door.mute();
  await sleep(8000);
  door.open();
}

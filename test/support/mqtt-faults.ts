import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import mqtt from 'mqtt';
import type { Mosquitto, TestBroker } from './broker.js';
import { FaultScene, type Figures, sumOf, underFault } from './fault-scene.js';
import { backoff, createPublisher, Source, settled, startConnected } from './publishing.js';
import { until } from './until.js';

/** Who finds that its sessions end as soon as they begin stays away for longer each time; 20 times this at most. */
const impatient = { ...backoff, initialMs: 5, maxMs: 5 };

/**
 * `kill -9` of a mosquitto while events come. The subscriber is back before the publisher is let in again: what a
 * broker hands to nobody because nobody has subscribed yet is not the publisher's loss.
 */
export async function brokerKilled(broker: Mosquitto, kills: number, perSecond = 50): Promise<Figures> {
  await using scene = await FaultScene.of(broker);
  return await underFault(
    scene,
    async (publisher) => {
      for (let i = 0; i < kills; i++) {
        await sleep(100 + Math.random() * 200);
        await killBroker(scene, broker, { awayMs: Math.random() * 50, before: i % 2 === 0 ? 'new' : 'none' });
        await until(() => publisher.counters.connected);
      }
      return kills;
    },
    { perSecond, publisher: { broker: { url: scene.door.url, connectMs: 2000, backoff: impatient } } },
  );
}

/**
 * And starts it again after a while.
 *
 * @param options.before what the door does before: with `new` nobody gets in between the kill and the return
 */
export async function killBroker(
  { door, listener, filter }: FaultScene,
  broker: Mosquitto,
  { awayMs, before = 'none' }: { awayMs: number; before?: 'new' | 'none' },
): Promise<void> {
  door.shut(before);
  await broker.kill();
  door.shut('all');
  await sleep(awayMs);
  await broker.start();
  await listener.subscribed(filter);
  door.open();
}

/** The connection is cut after so many bytes towards the broker, or before its next answer. */
export async function connectionCut(broker: TestBroker, cuts: Iterable<number | 'answer'>): Promise<Figures> {
  await using scene = await FaultScene.of(broker);
  const { door } = scene;
  return await underFault(
    scene,
    async (publisher, source) => {
      let faults = 0;
      for (const cut of cuts) {
        await until(() => publisher.counters.connected && publisher.counters.waiting === 0);
        const passed = door.passed;
        if (cut === 'answer') door.cutAnswer();
        else door.cutAfter(cut);
        source.handIn();
        source.handIn();
        await until(() => door.passed > passed || publisher.counters.waiting === 0);
        faults++;
      }
      return faults;
    },
    { publisher: { broker: { url: door.url, connectMs: 2000, backoff: impatient } } },
  );
}

/**
 * `kill -9` of the publishing process under load, and the same again with what it left on disk. Every other one has
 * no broker, so that what it leaves is much.
 */
export async function publisherKilled(
  broker: TestBroker,
  kills: number,
  { perSecond = 200, fsync = false }: { perSecond?: number; fsync?: boolean } = {},
): Promise<Figures> {
  await using scene = await FaultScene.of(broker);
  let sent = 0;
  for (let run = 0; run <= kills; run++) {
    if (run < kills && run % 2 === 0) scene.door.shut();
    else scene.door.open();
    const child = await startChild(scene.door.url, scene.home.path, perSecond, run, fsync);
    let handedIn = 0;
    if (child.stdout)
      createInterface(child.stdout).on('line', (line) => {
        handedIn = Number(line);
      });
    if (run < kills) {
      await sleep(100 + Math.random() * 200);
      child.kill('SIGKILL');
    } else {
      child.stdin?.write('pause\n');
      await quiet(scene, 3000);
      child.stdin?.write('stop\n');
    }
    await once(child, 'close');
    sent += handedIn;
  }
  return await scene.figures(kills, sent);
}

/** Nothing has come for so long. */
async function quiet({ listener: { heard } }: FaultScene, ms: number): Promise<void> {
  for (let before = -1; before < heard.length; ) {
    before = heard.length;
    await sleep(ms);
  }
}

/** Starts `publisher-child`, and resolves when it publishes. */
export async function startChild(
  url: string,
  directory: string,
  perSecond: number,
  run: number,
  fsync = false,
): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('./publisher-child.js', import.meta.url));
  const child = spawn(
    process.execPath,
    [script, url, directory, String(perSecond), String(run), fsync ? 'fsync' : ''],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`publisher-child ended with ${code} before it was ready`)));
  });
  return child;
}

/** Bits flipped in, or an end cut off, a file of an outbox that is full of events, at random. */
export async function outboxDamaged(broker: TestBroker, times: number): Promise<Figures> {
  const all: Figures[] = [];
  for (let i = 0; i < times; i++) {
    await using scene = await FaultScene.of(broker);
    const { path } = scene.home;
    let sent = 0;
    /** One start of the board, in which it hands in so many events. */
    const run = async (url: string, events: number, delivers: boolean) => {
      const publisher = createPublisher(url, path);
      const source = new Source(publisher, `${sent}.`);
      await (delivers ? startConnected(publisher) : publisher.start());
      while (source.sent < events) {
        source.handIn();
        if (source.sent % 20 === 0) await sleep(1);
      }
      if (delivers) await settled(publisher);
      await publisher.stop({ timeoutMs: 0 });
      sent += events;
    };
    await run(broker.url, 50, true);
    await run('mqtt://127.0.0.1:1', 200, false);
    await damage(join(path, 'outbox'));
    await run(broker.url, 50, true);
    all.push(await scene.figures(1, sent));
  }
  return sumOf(all);
}

async function damage(directory: string): Promise<void> {
  const names = (await readdir(directory)).filter((name) => !/^LO(CK|G)/.test(name));
  const path = join(directory, names[Math.floor(Math.random() * names.length)] ?? '');
  const bytes = await readFile(path);
  const place = Math.floor(Math.random() * bytes.length);
  if (Math.random() < 0.5) {
    await writeFile(path, bytes.subarray(0, place));
    return;
  }
  bytes[place] = (bytes[place] ?? 0) ^ (1 << Math.floor(Math.random() * 8));
  await writeFile(path, bytes);
}

/** The broker takes connections and bytes, and never answers: in the middle of a session, and to who comes anew. */
export async function brokerSilent(broker: TestBroker, times: number, perSecond = 50): Promise<Figures> {
  await using scene = await FaultScene.of(broker);
  const { door } = scene;
  return await underFault(
    scene,
    async (publisher) => {
      let attempts = 0;
      publisher.on('away', () => attempts++);
      for (let i = 0; i < times; i++) {
        const before = attempts;
        door.mute();
        await until(() => attempts > before + 1, 60_000); // the session, and an attempt at the next one
        door.open();
        await until(() => publisher.counters.connected);
        await sleep(200);
      }
      return times;
    },
    { perSecond, publisher: { broker: { url: door.url, connectMs: 300, keepAliveSeconds: 1, backoff } } },
  );
}

/** The system's clock is set back by an hour, again and again. */
export async function clockSetBack(broker: TestBroker, times: number, perSecond = 50): Promise<Figures> {
  await using scene = await FaultScene.of(broker);
  let back = 0;
  return await underFault(
    scene,
    async () => {
      for (let i = 0; i < times; i++) {
        await sleep(100);
        back += 3_600_000;
      }
      return times;
    },
    { perSecond, publisher: { now: () => Date.now() - back } },
  );
}

/**
 * Another client of the same id comes, stays for a while, and goes. `fights`: how often the other one was thrown out
 * while it was there.
 */
export async function takenOver(
  broker: TestBroker,
  times: number,
  perSecond = 50,
): Promise<Figures & { fights: number }> {
  await using scene = await FaultScene.of(broker);
  let fights = 0;
  const figures = await underFault(
    scene,
    async (publisher) => {
      let away = 0;
      publisher.on('away', () => away++);
      for (let i = 0; i < times; i++) {
        const before = away;
        const other = await mqtt.connectAsync(broker.url, { clientId: 'minspnet-node', reconnectPeriod: 0 });
        let staying = true;
        other.on('close', () => {
          if (staying) fights++;
        });
        await until(() => away > before);
        await sleep(300);
        staying = false;
        await other.endAsync();
        await until(() => publisher.counters.connected, 60_000);
        await sleep(Math.random() * 200); // some of what waits goes out
      }
      return times;
    },
    {
      perSecond,
      publisher: {
        broker: {
          url: scene.door.url,
          connectMs: 2000,
          backoff: { initialMs: 400, factor: 2, maxMs: 400, jitter: 0 },
        },
      },
    },
  );
  return { ...figures, fights };
}

/** For `t.test(name, { skip })`: why no small disk can be mounted, or false. */
export const noTmpfs: string | false =
  (process.getuid?.() !== 0 || process.platform !== 'linux') && 'needs root on Linux, for a tmpfs';

/**
 * A disk that fills up while events come, and has room again: a small tmpfs, so Linux and root only. Undefined where
 * it can't be mounted.
 */
export async function diskFull(broker: TestBroker, times: number): Promise<Figures | undefined> {
  await using scene = await FaultScene.of(broker);
  const { door, home } = scene;
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', home.path]).status === 0;
  if (!mounted) return undefined;
  const ballast = join(home.path, 'ballast');
  const make = async (publisher: ReturnType<typeof createPublisher>, source: Source) => {
    let refused = 0;
    let recovered = 0;
    publisher.on('warning', ({ code }) => {
      if (code === 'ERR_STATE_OUTBOX_DISK') refused++;
    });
    publisher.on('recovered', () => recovered++);
    for (let i = 0; i < times; i++) {
      if (i % 2 === 0) door.shut();
      for (let n = 0; n < 500 || refused <= i; n++) {
        // As much as there is room for, again and again: what is delivered meanwhile gives some back.
        if (n % 50 === 0) await appendFile(ballast, Buffer.alloc(4e6)).catch(() => {});
        source.handIn();
        if (n % 10 === 0) await sleep(1);
        if (n > 50_000) throw new Error('the full disk has refused nothing');
      }
      await rm(ballast);
      door.open();
      await until(() => recovered > i);
      await settled(publisher);
    }
    return recovered;
  };
  try {
    return await underFault(scene, make, {
      publisher: {
        outbox: { directory: join(home.path, 'outbox'), maxEvents: 1e5, maxBytes: 64e6, fsync: false, retryMs: 50 },
      },
    });
  } finally {
    spawnSync('umount', [home.path]);
  }
}

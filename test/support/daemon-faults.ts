import { setTimeout as sleep } from 'node:timers/promises';
import { rssBytes } from '../../src/bench/processes.js';
import type { Mosquitto, TestBroker } from './broker.js';
import { TestDaemon } from './daemon.js';
import { FaultScene, type Figures } from './fault-scene.js';
import { killBroker } from './mqtt-faults.js';
import { until } from './until.js';

/** Mean resident memory of the daemon's process in each tenth of the kills, MiB. */
export type DaemonFigures = Figures & { memory: number[] };

const topic = 'minspnet/minspnet/camera/events';
/** A session that lasts longer than this was a success: the next pause is the shortest again. ms. */
const stableMs = 10_000;

/**
 * The whole daemon, with its engine and the demo, while its mosquitto is killed again and again. What it logs of is what
 * it was handed.
 */
export async function daemonOutlivesBroker(broker: Mosquitto, kills: number): Promise<DaemonFigures> {
  await using scene = await FaultScene.of(broker, topic);
  const daemon = await startDaemon(scene);
  const memory: number[] = [];
  try {
    for (let i = 0; i < kills; i++) {
      const { passed } = scene.door;
      await killBroker(scene, broker, { awayMs: 1000 });
      await until(() => scene.door.passed > passed, 60_000);
      await sleep(stableMs + 500);
      memory.push(rssBytes(daemon.pid));
    }
    daemon.kill('SIGTERM');
    await daemon.exited;
    return { ...(await scene.figures(kills, handed(daemon))), memory: tenths(memory) };
  } finally {
    await daemon.dispose();
  }
}

/** The whole daemon is killed while the demo is played as fast as it can be, every other time without a broker. */
export async function daemonKilled(broker: TestBroker, kills: number): Promise<Figures> {
  await using scene = await FaultScene.of(broker, topic);
  let sent = 0;
  for (let run = 0; run <= kills; run++) {
    if (run < kills && run % 2 === 0) scene.door.shut();
    else scene.door.open();
    const daemon = await startDaemon(scene, '--pace', 'max');
    await sleep(1000 + Math.random() * 1500);
    daemon.kill(run < kills ? 'SIGKILL' : 'SIGTERM');
    await daemon.exited;
    sent += handed(daemon);
  }
  return await scene.figures(kills, sent);
}

/** Resolves when its camera gives pictures. */
async function startDaemon({ door, home }: FaultScene, ...args: string[]): Promise<TestDaemon> {
  const daemon = new TestDaemon(['run', '--source', 'demo', '--loop', '--mqtt', door.url, ...args], home.path);
  try {
    await daemon.line(/camera {4}camera: live/);
    return daemon;
  } catch (error) {
    await daemon.dispose();
    throw error;
  }
}

/** Events by its log. */
function handed(daemon: TestDaemon): number {
  return daemon.lines.filter((line) => /event {5}/.test(line)).length;
}

function tenths(bytes: readonly number[]): number[] {
  const size = Math.max(1, Math.floor(bytes.length / 10));
  return Array.from({ length: Math.floor(bytes.length / size) }, (_, i) => {
    const part = bytes.slice(i * size, (i + 1) * size);
    return Math.round(part.reduce((sum, value) => sum + value, 0) / part.length / 2 ** 20);
  });
}

import { setTimeout as sleep } from 'node:timers/promises';
import { rssBytes } from '../../src/bench/processes.js';
import type { Mosquitto } from './broker.js';
import { TestDaemon } from './daemon.js';
import { FaultScene, type Figures } from './fault-scene.js';
import { killBroker } from './mqtt-faults.js';
import { until } from './until.js';

/** Mean resident memory of the daemon's process in each tenth of the kills, MiB. */
export type DaemonFigures = Figures & { memory: number[] };

/** A session that lasts longer than this was a success: the next pause is the shortest again. ms. */
const stableMs = 10_000;

/**
 * The whole daemon, with its engine and the demo, while its mosquitto is killed again and again. What it logs of is what
 * it was handed.
 */
export async function daemonOutlivesBroker(broker: Mosquitto, kills: number): Promise<DaemonFigures> {
  await using scene = await FaultScene.of(broker, 'minspnet/minspnet/camera/events');
  const args = ['run', '--source', 'demo', '--loop', '--mqtt', scene.door.url];
  const daemon = new TestDaemon(args, scene.home.path);
  const memory: number[] = [];
  try {
    await daemon.line(/camera {4}camera: live/);
    for (let i = 0; i < kills; i++) {
      const { passed } = scene.door;
      await killBroker(scene, broker, { awayMs: 1000 });
      await until(() => scene.door.passed > passed, 60_000);
      await sleep(stableMs + 500);
      memory.push(rssBytes(daemon.pid));
    }
    daemon.kill('SIGTERM');
    await daemon.exited;
    const sent = daemon.lines.filter((line) => /event {5}/.test(line)).length;
    return { ...(await scene.figures(kills, sent)), memory: tenths(memory) };
  } finally {
    await daemon.dispose();
  }
}

function tenths(bytes: readonly number[]): number[] {
  const size = Math.max(1, Math.floor(bytes.length / 10));
  return Array.from({ length: Math.floor(bytes.length / size) }, (_, i) => {
    const part = bytes.slice(i * size, (i + 1) * size);
    return Math.round(part.reduce((sum, value) => sum + value, 0) / part.length / 2 ** 20);
  });
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt, { type MqttClient } from 'mqtt';
import { startCommand } from '../src/bench/daemon-process.js';
import { cpuSeconds, engineOf, rssBytes } from '../src/bench/processes.js';
import type { Health } from '../src/contract/health.js';

const node = 'bench';
/** That of the clips' shape, named so that figures of two boards or days are of the same. */
const size = [320, 192];

/** One look at a running daemon. */
export interface Look {
  frames: number;
  health: Health;
  engine: { pid: number; cpuSeconds: number; rssBytes: number };
  daemon: { pid: number; cpuSeconds: number; rssBytes: number };
}

export interface RunningDaemon extends AsyncDisposable {
  /** Resolves with the next health message and what the kernel says of both processes at that moment. */
  look(): Promise<Look>;
}

/** Starts the daemon as `npm start` does, with its state in a folder of its own and the settings `cameras` and `more`. */
export async function startDaemon(
  broker: string,
  cameras: Record<string, object>,
  args: readonly string[] = [],
  more: object = {},
): Promise<RunningDaemon> {
  const state = await mkdtemp(join(tmpdir(), 'minspnet-bench-'));
  const config = join(state, 'bench.yaml');
  await writeFile(config, JSON.stringify({ node, stateDirectory: state, cameras, model: { size }, ...more })); // JSON is YAML
  const start = startCommand();
  const child = spawn(process.execPath, [...start.args, '--config', config, '--mqtt', broker, ...args], {
    env: { ...process.env, ...start.environment },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const client = await mqtt.connectAsync(broker);
  await client.subscribeAsync(`minspnet/${node}/health`);
  const exited = once(child, 'exit');
  return {
    async look() {
      const health = await nextHealth(client);
      const pid = child.pid ?? 0;
      const engine = engineOf(pid) ?? 0;
      const frames = Object.values(health.cameras).reduce((total, camera) => total + camera.frames, 0);
      const of = (process: number) => ({
        pid: process,
        cpuSeconds: cpuSeconds(process),
        rssBytes: rssBytes(process),
      });
      return { frames, health, engine: of(engine), daemon: of(pid) };
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await exited;
      await client.endAsync();
      await rm(state, { recursive: true });
    },
  };
}

/** The next one that is news, not the retained one of an earlier run. */
function nextHealth(client: MqttClient): Promise<Health> {
  return new Promise((resolve) => {
    const listen = (_topic: string, payload: Buffer, packet: { retain: boolean }) => {
      if (packet.retain) return;
      client.off('message', listen);
      resolve(JSON.parse(payload.toString()) as Health);
    };
    client.on('message', listen);
  });
}

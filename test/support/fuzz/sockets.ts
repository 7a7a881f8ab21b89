import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { freePort } from '../broker.js';
import { TestDaemon } from '../daemon.js';
import { randomFrom } from '../random.js';
import { mutate } from './mutate.js';

export interface SocketFigures {
  runs: number;
  /** How the daemon ended, if it did. */
  death: string | undefined;
  /** Times that it did not answer a right question within {@link answerMs}, asked after each hundred wrong ones. */
  silences: number;
}

const answerMs = 30_000;
/** So long a daemon may take to answer at all, on a machine that does other work besides. */
const startMs = 120_000;
/** So long a connection is left open for an answer, milliseconds. */
const patienceMs = 50;
/** Connections at once. */
const atOnce = 20;

const topic = 'minspnet/fuzz/request/models';
const utf8 = (text: string) => Buffer.concat([Buffer.from([0, text.length]), Buffer.from(text)]);
const packet = (type: number, body: Buffer) => Buffer.concat([Buffer.from([type, body.length]), body]);
/** CONNECT (MQTT 3.1.1), SUBSCRIBE, a PUBLISH of QoS 1 and PINGREQ. */
const session = Buffer.concat([
  packet(0x10, Buffer.concat([utf8('MQTT'), Buffer.from([4, 2, 0, 60]), utf8('fuzz')])),
  packet(0x82, Buffer.concat([Buffer.from([0, 1]), utf8('minspnet/#'), Buffer.from([1])])),
  packet(0x32, Buffer.concat([utf8(topic), Buffer.from([0, 2]), Buffer.from('{"transaction":1}')])),
  Buffer.from([0xc0, 0]),
]);
const question = Buffer.from(
  'POST /api/settings HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 27\r\n\r\n' +
    '{"path":["node"],"value":1}\r\nGET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n',
);

/** Gives a real daemon's own broker, or its HTTP server, changed bytes in many connections. */
export async function fuzzSockets(
  kind: 'mqtt' | 'http',
  { runs, seed }: { runs: number; seed: number },
): Promise<SocketFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'minspnet-fuzz-'));
  const [broker, http] = [await freePort(), await freePort()];
  const config = join(folder, 'minspnet.yaml');
  const settings = {
    node: 'fuzz',
    cameras: { door: { source: 'demo', loop: true, fps: 1 } },
    mqtt: { broker: { port: broker } },
    http: { port: http },
    log: { level: 'error' },
  };
  await writeFile(config, JSON.stringify(settings));
  const daemon = new TestDaemon(['run', '-c', config], join(folder, 'state'));
  const figures: SocketFigures = { runs, death: undefined, silences: 0 };
  void daemon.exited.then((code) => {
    figures.death = `exit code ${code}: ${daemon.said.slice(-500)}`;
  });
  const [port, bytes] = kind === 'mqtt' ? [broker, session] : [http, question];
  const isAnswered = () => (kind === 'mqtt' ? askBroker(broker) : askServer(http));
  try {
    for (const end = performance.now() + startMs; !(await isAnswered()); ) {
      if (figures.death !== undefined) throw new Error(`the daemon ended at its start with ${figures.death}`);
      if (performance.now() > end) throw new Error(`the daemon does not start: ${daemon.said}`);
    }
    for (let i = 0; i < runs && figures.death === undefined; i += atOnce) {
      const count = Math.min(atOnce, runs - i);
      await Promise.all(Array.from({ length: count }, (_, j) => send(port, mutate(bytes, randomFrom(seed + i + j)))));
      if (i % 100 === 0 && !(await isAnswered())) figures.silences += 1;
    }
    if (figures.death === undefined && !(await isAnswered())) figures.silences += 1;
    return { ...figures };
  } finally {
    await daemon.dispose();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Resolves when the other side has closed the connection, or has had its time. */
async function send(port: number, bytes: Buffer): Promise<void> {
  const socket = connectSocket(port, '127.0.0.1').on('error', () => {});
  const closed = once(socket, 'close').catch(() => {});
  socket.resume().write(bytes);
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, patienceMs))]);
  socket.destroy();
}

async function askBroker(port: number): Promise<boolean> {
  const options = { connectTimeout: answerMs, reconnectPeriod: 0 };
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, options).catch(() => undefined);
  if (client === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 2000));
    return false;
  }
  const heard = new Promise<boolean>((resolve) => {
    client.once('message', () => resolve(true));
    setTimeout(() => resolve(false), answerMs);
  });
  await client.subscribeAsync('minspnet/fuzz/status');
  const isHeard = await heard;
  await client.endAsync(true);
  return isHeard;
}

async function askServer(port: number): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(answerMs) }).catch(
    () => undefined,
  );
  if (answer === undefined) await new Promise((resolve) => setTimeout(resolve, 2000));
  return answer !== undefined;
}

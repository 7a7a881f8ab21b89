import { type ChildProcess, spawn } from 'node:child_process';
import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect as connectSocket, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import mqtt from 'mqtt';
import { EmbeddedBroker } from '../../src/mqtt/embedded-broker.js';

/** What the tests need of a broker, whichever it is. */
export interface TestBroker {
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** Where a program lies: in PATH or where Debian puts daemons. */
export function findProgram(name: string): string | undefined {
  for (const directory of [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']) {
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not there, or not to be run: the next place.
    }
  }
  return undefined;
}

/** For `t.test(name, { skip })`: why a test that needs mosquitto can't run, or false. */
export const noMosquitto: string | false =
  findProgram('mosquitto') === undefined && 'needs mosquitto, which is neither in PATH nor in /usr/sbin';

export async function freePort(): Promise<number> {
  const server = createServer();
  await listen(server, 0);
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** A real mosquitto on 127.0.0.1; its port stays the same over restarts. */
export class Mosquitto implements TestBroker {
  readonly #settings: string[];
  #directory: string | undefined;
  #process: ChildProcess | undefined;
  #port = 0;

  /** @param settings lines of mosquitto.conf, `%d` is its directory; by default everybody may do everything */
  constructor(settings: string[] = ['allow_anonymous true']) {
    this.#settings = settings;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.#port}`;
  }

  /** Starts it, and resolves when it takes connections. */
  async start(files: Record<string, string> = {}): Promise<this> {
    const program = findProgram('mosquitto');
    if (program === undefined) throw new Error('mosquitto is not installed');
    this.#port ||= await freePort();
    this.#directory ??= await mkdtemp(join(tmpdir(), 'minspnet-mosquitto-'));
    const directory = this.#directory;
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(directory, name), text, { mode: 0o644 });
    }
    // Started as root it would become another user, who can't read the directory.
    const lines = ['user root', `listener ${this.#port} 127.0.0.1`, ...this.#settings];
    const configuration = join(directory, 'mosquitto.conf');
    await writeFile(configuration, lines.map((line) => `${line.replaceAll('%d', directory)}\n`).join(''));
    const child = spawn(program, ['-c', configuration], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process = child;
    let said = '';
    child.stderr?.on('data', (chunk) => {
      said += chunk;
    });
    while (!(await accepts(this.#port))) {
      if (child.exitCode !== null) throw new Error(`mosquitto ended at once: ${said}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return this;
  }

  /** `kill -9`, and back when it is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
    if (this.#directory !== undefined) await rm(this.#directory, { recursive: true, force: true });
    this.#directory = undefined;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }
}

/** Our own broker on any free port. */
export async function startAedes(): Promise<TestBroker> {
  const broker = new EmbeddedBroker({ host: '127.0.0.1', port: 0, strict: true });
  await broker.start();
  return broker;
}

/** The brokers that are here, by name: what is promised must hold with each. */
export const brokers: Record<string, () => Promise<TestBroker>> = {
  aedes: startAedes,
  ...(noMosquitto === false && { mosquitto: () => new Mosquitto().start() }),
};

const trickleSeconds = 0.1;

/**
 * A door between a client and its server (a broker, a camera) that a test can shut: what has passed has passed, everything else is cut.
 */
export class Door implements TestBroker {
  readonly #target: () => number;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #shut: 'all' | 'new' | 'none' = 'none';
  /** Bytes towards the broker that still pass. */
  #allowance = Number.POSITIVE_INFINITY;
  /** Bytes of the answers that still pass. */
  #answerAllowance = Number.POSITIVE_INFINITY;
  /** Bytes a second that answers pass at. */
  #answerRate = Number.POSITIVE_INFINITY;
  #mute = false;
  /** Connections that nothing comes out of any more. */
  readonly #muted = new Set<Socket>();
  /** Connections that have been let through. */
  passed = 0;

  /** @param target the broker's port */
  constructor(target: () => number) {
    this.#target = target;
  }

  get port(): number {
    return (this.#server?.address() as { port: number } | null)?.port ?? 0;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  async start(): Promise<this> {
    this.#server = createServer((near) => this.#let(near));
    await listen(this.#server, 0);
    return this;
  }

  #let(near: Socket): void {
    if (this.#shut !== 'none') {
      near.destroy();
      return;
    }
    if (this.#mute) {
      this.#sockets.add(near.on('error', () => {}).resume());
      near.on('close', () => this.#sockets.delete(near));
      return;
    }
    this.passed++;
    const far = connectSocket(this.#target(), '127.0.0.1');
    const ends = [near, far] as const;
    const cut = () => {
      for (const end of ends) end.destroy();
    };
    for (const end of ends) {
      this.#sockets.add(end);
      end.setNoDelay(true);
      end.on('error', () => {});
      end.on('close', () => {
        this.#sockets.delete(end);
        this.#muted.delete(end);
        cut();
      });
    }
    near.on('data', (bytes) => {
      if (this.#muted.has(near)) return;
      const allowed = Math.min(bytes.length, this.#allowance);
      this.#allowance -= allowed;
      if (allowed === bytes.length) {
        far.write(bytes);
        return;
      }
      this.#allowance = Number.POSITIVE_INFINITY;
      near.destroy();
      far.end(bytes.subarray(0, allowed));
    });
    far.on('data', (bytes) => {
      if (this.#muted.has(far)) return;
      const allowed = Math.min(bytes.length, this.#answerAllowance);
      this.#answerAllowance -= allowed;
      if (this.#answerRate < Number.POSITIVE_INFINITY) void this.#trickle(bytes, far, near);
      else if (allowed > 0) near.write(bytes.subarray(0, allowed));
      if (allowed === bytes.length) return;
      this.#answerAllowance = Number.POSITIVE_INFINITY;
      near.end();
      far.destroy();
    });
  }

  /** Passes the bytes slowly; none is read before they are through. */
  async #trickle(bytes: Buffer, from: Socket, to: Socket): Promise<void> {
    from.pause();
    for (let passed = 0; passed < bytes.length && !to.destroyed; ) {
      const rate = this.#answerRate;
      const length = Math.ceil(Math.min(bytes.length - passed, rate * trickleSeconds));
      to.write(bytes.subarray(passed, passed + length));
      passed += length;
      if (rate < Number.POSITIVE_INFINITY) await sleep(trickleSeconds * 1000);
    }
    from.resume();
  }

  /** The connection ends after so many more bytes towards the broker. Once. */
  cutAfter(bytes: number): void {
    this.#allowance = bytes;
  }

  /** The connection ends after so many more bytes of the broker's answers; by default before the next one. Once. */
  cutAnswer(afterBytes = 0): void {
    this.#answerAllowance = afterBytes;
  }

  /** Answers come at so many bytes a second, until open(). */
  trickle(bytesPerSecond: number): void {
    this.#answerRate = bytesPerSecond;
  }

  /** `new`: lets nobody in. `all`: cuts what is open, too. */
  shut(what: 'all' | 'new' | 'none' = 'all'): void {
    this.#shut = what;
    if (what === 'all') for (const socket of this.#sockets) socket.destroy();
  }

  /** What is open stays open, and lets in who comes, but nothing passes any more; what is open now never again. */
  mute(): void {
    this.#mute = true;
    for (const socket of this.#sockets) this.#muted.add(socket);
  }

  open(): void {
    this.#shut = 'none';
    this.#mute = false;
    this.#allowance = Number.POSITIVE_INFINITY;
    this.#answerAllowance = Number.POSITIVE_INFINITY;
    this.#answerRate = Number.POSITIVE_INFINITY;
  }

  async stop(): Promise<void> {
    this.shut();
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.close();
    await once(server, 'close');
  }
}

/** A line of mosquitto's password file, as `mosquitto_passwd` writes it. */
export function mosquittoPassword(user: string, password: string): string {
  const salt = randomBytes(12);
  const hash = pbkdf2Sync(password, salt, 101, 64, 'sha512');
  return `${user}:$7$101$${salt.toString('base64')}$${hash.toString('base64')}\n`;
}

export interface Heard {
  topic: string;
  payload: Buffer;
  retain: boolean;
  /** ms since the start of the process. */
  at: number;
}

/** A subscriber that remembers, and comes back at once when its broker does. */
export class Listener {
  readonly heard: Heard[] = [];
  readonly #client: mqtt.MqttClient;
  #onHeard: (() => void) | undefined;

  private constructor(client: mqtt.MqttClient) {
    this.#client = client;
    client.on('message', (topic, payload, packet) => {
      this.heard.push({ topic, payload, retain: packet.retain, at: performance.now() });
      this.#onHeard?.();
    });
  }

  /** Resolves when it is subscribed. */
  static async on(url: string, filter: string, options: mqtt.IClientOptions = {}): Promise<Listener> {
    const listener = new Listener(mqtt.connect(url, { reconnectPeriod: 20, ...options }));
    await listener.subscribed(filter);
    return listener;
  }

  /** The same after a restart of the broker. */
  async subscribed(filter: string): Promise<void> {
    if (!this.#client.connected) await new Promise<void>((resolve) => this.#client.once('connect', () => resolve()));
    await this.#client.subscribeAsync(filter, { qos: 1 });
  }

  get connected(): boolean {
    return this.#client.connected;
  }

  /** Resolves when the broker has it. */
  async publish(topic: string, payload: string | Buffer, options: { retain?: boolean } = {}): Promise<void> {
    await this.#client.publishAsync(topic, payload, { qos: 1, ...options });
  }

  /** What was said in JSON on topics that end so, in order. */
  json<T>(suffix: string): T[] {
    return this.heard.filter(({ topic }) => topic.endsWith(suffix)).map(({ payload }) => JSON.parse(String(payload)));
  }

  /** The newest of them; undefined where there is none. Cheap however much was heard. */
  last<T>(suffix: string): T | undefined {
    const newest = this.heard.findLast(({ topic }) => topic.endsWith(suffix));
    return newest && (JSON.parse(String(newest.payload)) as T);
  }

  /** Resolves when `done` holds, asked after each message. */
  async until(done: () => boolean, timeoutMs = 10_000): Promise<void> {
    if (done()) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`not heard within ${timeoutMs} ms`)), timeoutMs);
      this.#onHeard = () => {
        if (!done()) return;
        clearTimeout(timer);
        this.#onHeard = undefined;
        resolve();
      };
    });
  }

  async stop(): Promise<void> {
    await this.#client.endAsync(true);
  }
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
}

async function accepts(port: number): Promise<boolean> {
  const socket = connectSocket(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

import { createHash, timingSafeEqual } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import { Aedes, type AuthenticateError } from 'aedes';
import { BrokerError, ConfigError } from '../contract/errors.js';
import { maxPayload, read } from './broker-access.js';
import { isLoopback, WebSocketDoor, whatComes } from './web-socket-door.js';

export interface EmbeddedBrokerOptions {
  /** Anything but a loopback address needs all four below. */
  host: string;
  /** 0: any free one. */
  port: number;
  /** The port was asked for by name: no other will do. */
  strict: boolean;
  /** Who may come in; everybody where it is not given. */
  username?: string | undefined;
  password?: string | undefined;
  /** PEM files: TLS. */
  certificate?: string | undefined;
  key?: string | undefined;
}

interface EmbeddedBrokerEvents {
  /** It can't do something; it goes on. */
  warning: [error: BrokerError];
}

/** How many ports after the wanted one are tried. */
const portsTried = 20;
const maxClients = 64;
/** How long somebody may take to say who they are. */
const connectMs = 10_000;
/** A subscriber that reads nothing for that long is thrown out: until then it holds up the others. */
const drainMs = 5_000;
/** Of all retained messages together, bytes. */
const maxRetained = 16 * 1024 * 1024;
/** What says how things are is smaller than that, and is retained whatever else is: so many topics of it. */
const smallPayload = 16 * 1024;
const maxSmall = 4_000;
/** Nobody needs more bytes to say who they are. */
const maxBeforeAdmission = 64 * 1024;

/** A wrong password is answered no sooner than that, ms: guessing takes its time. */
const refusalMs = 500;

/**
 * A broker of our own for those who have none: MQTT 3.1.1, plain and in WebSockets at the same port, on this machine
 * only unless it knows its users and speaks TLS. With TLS, the daemon itself comes in by a door of its own, without TLS,
 * on this machine only. It keeps everything in memory, and so only what is bounded: the retained messages, and nothing
 * for subscribers who are away.
 */
export class EmbeddedBroker extends EventEmitter<EmbeddedBrokerEvents> {
  readonly #options: EmbeddedBrokerOptions;
  readonly #tls: { cert: Buffer; key: Buffer } | undefined;
  readonly #sockets = new Set<Socket>();
  /** Bytes by topic. */
  readonly #retained = new Map<string, number>();
  #retainedBytes = 0;
  #smallRetained = 0;
  /** Connections of those who were let in. */
  readonly #admitted = new WeakSet<object>();
  #server: Server | undefined;
  /** The daemon's own door, where the other one wants TLS. */
  #localServer: Server | undefined;
  #aedes: Aedes | undefined;

  /** @throws ConfigError where the network could come in without a password, or in clear; or a file can't be read */
  constructor(options: EmbeddedBrokerOptions) {
    super();
    const { host, username, password, certificate, key } = options;
    const complete = [username, password, certificate, key].every((setting) => setting !== undefined);
    if (!isLoopback(host) && !complete) {
      throw new ConfigError(
        'ERR_CONFIG_BROKER_HOST',
        'config',
        `\`mqtt.broker.host\` is ${host}, so the network can come in: that takes \`username\`, \`password\`, ` +
          '`certificate` and `key` of `mqtt.broker`. Set them, or use 127.0.0.1, or run a broker such as mosquitto and ' +
          'name it in `mqtt.url`',
      );
    }
    if ((username === undefined) !== (password === undefined) || (certificate === undefined) !== (key === undefined)) {
      throw new ConfigError(
        'ERR_CONFIG_BROKER_PAIR',
        'config',
        'of `mqtt.broker`, `username` and `password` belong together, and so do `certificate` and `key`',
      );
    }
    this.#options = options;
    this.#tls =
      certificate === undefined || key === undefined
        ? undefined
        : { cert: read('mqtt.broker.certificate', certificate), key: read('mqtt.broker.key', key) };
  }

  /** Where it listens; only after `start`. */
  get port(): number {
    return portOf(this.#server);
  }

  /** Where others find it. */
  get url(): string {
    const { host } = this.#options;
    return `${this.#tls ? 'mqtts' : 'mqtt'}://${host.includes(':') ? `[${host}]` : host}:${this.port}`;
  }

  /** Where the daemon itself finds it. */
  get localUrl(): string {
    return this.#localServer === undefined ? this.url : `mqtt://127.0.0.1:${portOf(this.#localServer)}`;
  }

  /**
   * Listens on the port, or on the next free one where it was not asked for by name.
   *
   * @throws BrokerError `ERR_BROKER_PORT`, exit `port`
   */
  async start(): Promise<void> {
    const { host, port, strict } = this.#options;
    const aedes = await Aedes.createBroker({
      drainTimeout: drainMs,
      connectTimeout: connectMs,
      preConnect: (_client, packet, done) => {
        packet.clean = true;
        done(null, true);
      },
      authenticate: (client, name, given, done) => {
        if (this.#admits(name, given)) {
          this.#admitted.add(client.conn);
          done(null, true);
        } else setTimeout(done, refusalMs, notAuthorised(), false);
      },
      authorizePublish: (_client, packet, done) => {
        const allowed = packet.payload.length <= maxPayload && !packet.topic.startsWith('$');
        if (allowed && packet.retain) packet.retain = this.#mayRetain(packet.topic, packet.payload.length);
        done(allowed ? null : new Error('not allowed'));
      },
    });
    const warn = (error: Error) => {
      const { message } = error;
      this.emit('warning', new BrokerError('ERR_BROKER_OWN', 'broker', `our own broker: ${message}`, { cause: error }));
    };
    (aedes as EventEmitter).on('error', warn); // its types leave this one out
    const take = (stream: Duplex) => {
      let bytes = 0;
      // Seen as aedes reads it, which keeps what it reads until a packet is complete.
      stream.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > maxBeforeAdmission && !this.#admitted.has(stream)) stream.destroy();
      });
      aedes.handle(stream);
    };
    const webSockets = new WebSocketDoor({
      passwordAsked: this.#options.password !== undefined,
      maxPayload: maxPayload + 1024,
      handle: take,
    });
    const handle = (socket: Socket) => {
      whatComes(socket, connectMs, (protocol) => {
        if (protocol === 'http') webSockets.let(socket);
        else take(socket);
      });
    };
    const open = (server: Server): Server => {
      server.maxConnections = maxClients;
      server.on('connection', (socket) => {
        this.#sockets.add(socket);
        socket.setNoDelay(true);
        socket.once('close', () => this.#sockets.delete(socket));
      });
      server.on('error', (error) => {
        if (server.listening) warn(error);
      });
      return server;
    };
    const server = open(
      this.#tls === undefined
        ? createServer(handle)
        : createTlsServer({ ...this.#tls, handshakeTimeout: connectMs }, handle),
    );
    this.#aedes = aedes;
    this.#server = server;
    if (this.#tls !== undefined) {
      this.#localServer = open(createServer(handle));
      await listen(this.#localServer, '127.0.0.1', 0);
    }
    const last = strict || port === 0 ? port : Math.min(port + portsTried - 1, 65_535);
    for (let candidate = port; ; candidate++) {
      try {
        await listen(server, host, candidate);
        return;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'EADDRINUSE' && candidate < last) continue;
        await this.stop();
        throw portError(host, port, last, error);
      }
    }
  }

  async stop(): Promise<void> {
    const aedes = this.#aedes;
    const servers = [this.#server, this.#localServer];
    this.#aedes = this.#server = this.#localServer = undefined;
    if (aedes === undefined) return;
    const closed = Promise.all(servers.map((server) => new Promise((resolve) => server?.close(resolve) ?? resolve(0))));
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => aedes.close(resolve));
    await closed;
    this.#retained.clear();
    this.#retainedBytes = this.#smallRetained = 0;
  }

  #admits(name: string | undefined, given: Readonly<Buffer> | undefined): boolean {
    const { username, password } = this.#options;
    if (username === undefined || password === undefined) return true;
    // Both are compared whatever the first says, and in a time that tells nothing.
    const known = isSame(name ?? '', username);
    return isSame(given?.toString() ?? '', password) && known;
  }

  /** Whether there is room for it; where there is not, it goes to those who listen now. */
  #mayRetain(topic: string, bytes: number): boolean {
    const before = this.#retained.get(topic);
    const isSmall = (size: number | undefined) => size !== undefined && size <= smallPayload;
    const small = this.#smallRetained - Number(isSmall(before)) + Number(bytes > 0 && isSmall(bytes));
    const large = this.#retainedBytes - (isSmall(before) ? 0 : (before ?? 0)) + (isSmall(bytes) ? 0 : bytes);
    if (bytes > 0 && (isSmall(bytes) ? small > maxSmall : large > maxRetained)) return false;
    this.#smallRetained = small;
    this.#retainedBytes = large;
    if (bytes === 0) this.#retained.delete(topic);
    else this.#retained.set(topic, bytes);
    return true;
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function portOf(server: Server | undefined): number {
  const address = server?.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function isSame(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

/** MQTT 3.1.1's "bad user name or password". */
function notAuthorised(): AuthenticateError {
  return Object.assign(new Error('bad user name or password'), { returnCode: 4 as const });
}

function portError(host: string, first: number, last: number, cause: unknown): BrokerError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const ports = first === last ? `port ${first}` : `ports ${first} to ${last}`;
  const why =
    code === 'EADDRINUSE'
      ? `${first === last ? 'is' : 'are'} in use: see who holds it with \`ss -ltnp\`; if it is a broker, use it with ` +
        `\`mqtt.url: mqtt://${host}:${first}\`, else choose another \`mqtt.broker.port\``
      : code === 'EACCES'
        ? 'needs a privilege: choose one above 1023 with `mqtt.broker.port`'
        : `can't be listened on: ${message}`;
  return new BrokerError('ERR_BROKER_PORT', 'port', `our own broker can't start: ${ports} of ${host} ${why}`, {
    cause,
  });
}

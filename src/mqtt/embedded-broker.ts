import { EventEmitter } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import { BrokerError, ConfigError } from '../contract/errors.js';

export interface EmbeddedBrokerOptions {
  /** A loopback address. */
  host: string;
  /** 0: any free one. */
  port: number;
  /** The port was asked for by name: no other will do. */
  strict: boolean;
}

interface EmbeddedBrokerEvents {
  /** It can't do something; it goes on. */
  warning: [error: BrokerError];
}

/** How many ports after the wanted one are tried. */
const portsTried = 20;
const maxClients = 64;
/** A subscriber that reads nothing for that long is thrown out: until then it holds up the others. */
const drainMs = 5_000;
/** One message, and all retained ones together; bytes. */
const maxPayload = 4 * 1024 * 1024;
const maxRetained = 16 * 1024 * 1024;

/**
 * A broker of our own for those who have none: MQTT 3.1.1 on this machine only. It keeps everything in memory, and so
 * only what is bounded: the retained messages, and nothing for subscribers who are away.
 */
export class EmbeddedBroker extends EventEmitter<EmbeddedBrokerEvents> {
  readonly #options: EmbeddedBrokerOptions;
  readonly #sockets = new Set<Socket>();
  /** Bytes by topic. */
  readonly #retained = new Map<string, number>();
  #retainedBytes = 0;
  #server: Server | undefined;
  #aedes: Aedes | undefined;

  /** @throws ConfigError where the host is not this machine alone */
  constructor(options: EmbeddedBrokerOptions) {
    super();
    if (!isLoopback(options.host)) {
      throw new ConfigError(
        'ERR_CONFIG_BROKER_HOST',
        'config',
        `\`mqtt.broker.host\` is ${options.host}, but our own broker has neither users nor TLS yet, so it listens on ` +
          'this machine only: use 127.0.0.1, or run a broker such as mosquitto and name it in `mqtt.url`',
      );
    }
    this.#options = options;
  }

  /** Where it listens; only after `start`. */
  get port(): number {
    const address = this.#server?.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  get url(): string {
    const { host } = this.#options;
    return `mqtt://${host.includes(':') ? `[${host}]` : host}:${this.port}`;
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
      connectTimeout: 10_000,
      preConnect: (_client, packet, done) => {
        packet.clean = true;
        done(null, true);
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
    const server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.once('close', () => this.#sockets.delete(socket));
      aedes.handle(socket);
    });
    server.maxConnections = maxClients;
    server.on('error', (error) => {
      if (server.listening) warn(error);
    });
    this.#aedes = aedes;
    this.#server = server;
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
    const server = this.#server;
    this.#aedes = this.#server = undefined;
    if (aedes === undefined || server === undefined) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => aedes.close(resolve));
    await closed;
    this.#retained.clear();
    this.#retainedBytes = 0;
  }

  /** Whether there is room for it; where there is not, it goes to those who listen now. */
  #mayRetain(topic: string, bytes: number): boolean {
    const total = this.#retainedBytes - (this.#retained.get(topic) ?? 0) + bytes;
    if (bytes > 0 && total > maxRetained) return false;
    this.#retainedBytes = total;
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

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
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

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Refusals } from './refusals.js';

/** Sockets that wait for a request; one more, and the one that has waited longest is closed. */
const maxIdle = 64;
/** All sockets, with those that are being served. */
const maxSockets = 256;
/** A socket that has sent nothing yet is closed after so long, milliseconds. */
const silentMs = 10_000;

/** Bounds the sockets of a server: whoever only holds them open is closed for those who ask for something. */
export class Connections {
  /** Longest idle first. */
  readonly #idle = new Set<Socket>();
  readonly #all = new Set<Socket>();

  constructor(
    server: Server,
    private readonly refusals: Refusals,
  ) {
    server.maxConnections = maxSockets;
    server.on('drop', () => refusals.count('connections'));
    server.on('connection', (socket: Socket) => this.#opened(socket));
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#idle.delete(request.socket);
      response.once('close', () => {
        if (!request.socket.destroyed) this.#idles(request.socket);
      });
    });
    server.on('upgrade', ({ socket }: IncomingMessage) => this.#idle.delete(socket));
  }

  get open(): number {
    return this.#all.size;
  }

  closeAll(): void {
    for (const socket of this.#all) socket.destroy();
  }

  #opened(socket: Socket): void {
    this.#all.add(socket);
    socket.once('close', () => {
      this.#all.delete(socket);
      this.#idle.delete(socket);
    });
    this.#idles(socket);
    const silent = setTimeout(() => {
      if (socket.bytesRead > 0) return;
      this.refusals.count('timeout');
      socket.destroy();
    }, silentMs);
    silent.unref();
    socket.once('close', () => clearTimeout(silent));
  }

  #idles(socket: Socket): void {
    this.#idle.add(socket);
    const oldest = this.#idle.values().next().value;
    if (this.#idle.size <= maxIdle || oldest === undefined) return;
    this.refusals.count('connections');
    this.#idle.delete(oldest);
    oldest.destroy();
  }
}

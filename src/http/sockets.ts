// ws: what the own broker uses for WebSockets, too; Node has a client, but no server.
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { closeCodes, packLiveFrame } from '../contract/live-message.js';
import type { Access, Refusal } from './access.js';
import type { Backend } from './backend.js';
import { LivePictures, type Viewer } from './live-pictures.js';
import type { Refusals } from './refusals.js';

/** WebSockets at a time, and viewers of one camera. */
const maxViewers = 32;
/** Pictures that a viewer may have been sent and not yet answered. */
const maxUnanswered = 2;
/** Somebody who is not heard of for so long is gone, milliseconds. */
const silenceMs = 30_000;
/** What waits in a feed's socket; more, and its reader is too slow for it. Bytes. */
const maxWaiting = 1024 * 1024;
/** Of a message that a page sends: the number of a picture. Bytes. */
const maxMessage = 64;

/** The WebSockets of the page: `/api/live?camera=NAME` and `/api/feed`. */
export class Sockets {
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: maxMessage, perMessageDeflate: false });
  readonly #live = new Map<string, LivePictures>();
  readonly #stopping = new AbortController();
  readonly #alive = new WeakSet<WebSocket>();
  readonly #look: NodeJS.Timeout;

  constructor(
    server: Server,
    private readonly backend: Backend,
    private readonly access: Access,
    private readonly refusals: Refusals,
  ) {
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#look = setInterval(() => this.#lookForDead(), silenceMs);
    this.#look.unref();
  }

  /** By camera, of those that somebody has watched. */
  get live(): ReadonlyMap<string, LivePictures> {
    return this.#live;
  }

  get count(): number {
    return this.#server.clients.size;
  }

  stop(): void {
    clearInterval(this.#look);
    this.#stopping.abort();
    for (const socket of this.#server.clients) {
      socket.close(closeCodes.stopping);
      socket.terminate();
    }
  }

  /**
   * Somebody watches a camera otherwise than by WebSocket.
   *
   * @returns ends it; undefined where there are too many already
   */
  watch(camera: string, viewer: Viewer): (() => void) | undefined {
    const pictures = this.picturesOf(camera);
    if (pictures.viewers < maxViewers) return pictures.watch(viewer);
    this.refusals.count('viewers');
    return undefined;
  }

  /** One camera's pictures for all who watch it, over whatever. */
  picturesOf(camera: string): LivePictures {
    let pictures = this.#live.get(camera);
    if (pictures === undefined) {
      pictures = new LivePictures(camera, this.backend, this.#stopping.signal);
      this.#live.set(camera, pictures);
    }
    return pictures;
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const visit = { headers: request.headers, remoteAddress: request.socket.remoteAddress };
    const refusal = this.access.refuseOrigin(visit) ?? this.access.refuseToken(visit);
    if (refusal !== undefined) {
      this.#refuse(socket, refusal);
      return;
    }
    const url = URL.canParse(request.url ?? '', 'http://x') ? new URL(request.url ?? '', 'http://x') : undefined;
    const serve = url && this.#service(url);
    if (serve === undefined) {
      const error = 'there are WebSockets at /api/live?camera=NAME and /api/feed';
      this.#refuse(socket, { status: 400, reason: 'path', code: 'ERR_HTTP_PATH', error });
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (client) => {
      client.on('error', () => client.terminate()); // a message that is too long, or no WebSocket's
      this.#alive.add(client);
      client.on('pong', () => this.#alive.add(client));
      if (this.#server.clients.size > maxViewers) {
        this.refusals.count('viewers');
        client.close(closeCodes.tooMany, 'there are too many viewers');
      } else serve(client);
    });
  }

  #service(url: URL): ((client: WebSocket) => void) | undefined {
    if (url.pathname === '/api/feed') return (client) => this.#feed(client);
    const camera = url.searchParams.get('camera');
    if (url.pathname !== '/api/live' || camera === null) return undefined;
    return (client) => this.#watch(client, camera);
  }

  #watch(client: WebSocket, camera: string): void {
    if (!this.backend.cameras().some(({ name }) => name === camera)) {
      client.close(closeCodes.unknownCamera, 'no such camera');
      return;
    }
    let unanswered = 0;
    const viewer: Viewer = {
      get ready() {
        return unanswered < maxUnanswered && client.readyState === WebSocket.OPEN;
      },
      send: (frame, jpeg) => {
        unanswered += 1;
        client.send(packLiveFrame(frame, jpeg));
      },
    };
    const leave = this.picturesOf(camera).watch(viewer);
    client.on('message', () => {
      unanswered = Math.max(0, unanswered - 1);
    });
    client.once('close', leave);
  }

  #feed(client: WebSocket): void {
    const tell = (message: unknown) => {
      if (client.bufferedAmount > maxWaiting) client.terminate();
      else if (client.readyState === WebSocket.OPEN) client.send(JSON.stringify(message));
    };
    for (const message of this.backend.present()) tell(message);
    client.once('close', this.backend.listen(tell));
  }

  #refuse(socket: Duplex, { status, reason, code, error }: Refusal): void {
    this.refusals.count(reason);
    const body = JSON.stringify({ error, code });
    const lines = ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`, 'Connection: close'];
    socket.end(`HTTP/1.1 ${status} Refused\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
  }

  #lookForDead(): void {
    for (const client of this.#server.clients) {
      if (!this.#alive.delete(client)) client.terminate();
      else client.ping();
    }
  }
}

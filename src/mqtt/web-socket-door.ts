import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
// ws: it is what mqtt.js uses on the other side; Node has a WebSocket client, but no server.
import { createWebSocketStream, WebSocketServer } from 'ws';

export interface WebSocketDoorOptions {
  /** Whoever comes in has to name a password. Without, pages of other sites are turned away. */
  passwordAsked: boolean;
  /** Bytes of one WebSocket message. */
  maxPayload: number;
  /** Takes what comes out of a WebSocket: MQTT. */
  handle: (stream: Duplex) => void;
}

/**
 * MQTT in WebSockets, for browsers. It has no port of its own: {@link whatComes} tells who wants it.
 *
 * A browser connects to `ws://127.0.0.1` for any page that it shows. So where nobody is asked for a password, only pages
 * from this machine come in, told by the `Origin` that a browser always sends and a page can't change.
 */
export class WebSocketDoor {
  readonly #http: Server;

  constructor({ passwordAsked, maxPayload, handle }: WebSocketDoorOptions) {
    this.#http = createServer((_request, response) => {
      response.writeHead(426, { 'content-type': 'text/plain', connection: 'close' }).end('MQTT in WebSockets only\n');
    });
    const webSockets = new WebSocketServer({
      server: this.#http,
      maxPayload,
      perMessageDeflate: false,
      handleProtocols: (offered) => ['mqtt', 'mqttv3.1'].find((name) => offered.has(name)) ?? false,
      verifyClient: ({ origin }: { origin?: string }) => passwordAsked || origin === undefined || isLocal(origin),
    });
    webSockets.on('connection', (webSocket) => {
      const stream = createWebSocketStream(webSocket);
      stream.on('error', () => {}); // the connection is closed, and that is told
      handle(stream);
    });
  }

  let(socket: Socket): void {
    this.#http.emit('connection', socket);
  }
}

/**
 * Tells by the first byte what a connection is about: no MQTT packet that may come first begins like an HTTP request.
 * Who says nothing within `timeoutMs` is gone.
 */
export function whatComes(socket: Socket, timeoutMs: number, tell: (protocol: 'http' | 'mqtt') => void): void {
  const timer = setTimeout(() => socket.destroy(), timeoutMs);
  socket.on('error', () => {}); // as above; whoever takes the socket over listens, too
  socket.once('close', () => clearTimeout(timer));
  socket.once('data', (bytes) => {
    clearTimeout(timer);
    socket.pause();
    socket.unshift(bytes);
    tell(bytes[0] === 0x47 ? 'http' : 'mqtt'); // the G of GET; CONNECT is 0x10
    socket.resume();
  });
}

function isLocal(origin: string): boolean {
  return URL.canParse(origin) && isLoopback(new URL(origin).hostname);
}

/** Whether only this machine reaches a host, as it stands in an address (`[::1]`) or by itself (`::1`). */
export function isLoopback(host: string): boolean {
  return ['localhost', '::1', '[::1]'].includes(host) || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

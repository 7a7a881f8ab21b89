import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import { tlsOptions } from './certificate.js';
import { bestChallenge, isBeyondFfmpeg, Login } from './http-login.js';
import type { Named } from './source-error.js';

/** A head larger than this is none, bytes. */
const largestHead = 64 * 1024;

/**
 * Stands between FFmpeg and a camera that wants a login by SHA-256, of which FFmpeg's RTSP knows nothing: it hands
 * everything on and answers the camera's challenges itself. A camera that offers what FFmpeg knows is not answered, so
 * that a wrong password is not tried a second time. It listens on this machine only, for one connection, whose first
 * request has to name a word that nobody else knows.
 */
export class RtspRelay implements AsyncDisposable {
  readonly #word = randomUUID();
  readonly #server: Server;
  #login: Login | undefined;
  readonly #camera: URL;
  readonly #sockets = new Set<Socket>();
  /** The request that waits for its answer, as FFmpeg wrote it. */
  #asked: Request | undefined;
  #isAnswered = false;

  private constructor(private readonly source: Named) {
    this.#camera = new URL(source.url);
    this.#login = Login.of(this.#camera);
    this.#server = createServer((socket) => this.#relay(socket));
  }

  static async start(source: Named): Promise<RtspRelay> {
    const relay = new RtspRelay(source);
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    return relay;
  }

  /** What FFmpeg has to open. */
  get url(): string {
    return `${this.#prefix}${this.#camera.pathname}${this.#camera.search}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  get #prefix(): string {
    return `rtsp://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${this.#word}`;
  }

  #relay(ffmpeg: Socket): void {
    const prefix = this.#prefix;
    this.#server.close(); // nobody else is let in
    const { protocol, hostname, port, host } = this.#camera;
    const isSecure = protocol === 'rtsps:';
    const to = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (isSecure ? 322 : 554) };
    const camera = isSecure ? connectSecurely({ ...to, ...tlsOptions(this.source) }) : connect(to);
    for (const [socket, other] of [
      [ffmpeg, camera],
      [camera, ffmpeg],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => other.destroy()).on('close', () => other.destroy());
    }
    let isKnown = false;
    const requests = new RtspParser(
      (bytes) => camera.write(bytes),
      ({ head, body }) => {
        isKnown ||= head.includes(`/${this.#word}`);
        if (!isKnown) ffmpeg.destroy();
        else {
          this.#asked = { head: head.replaceAll(prefix, `${protocol}//${host}`), body };
          this.#isAnswered = false;
          camera.write(this.#signed(this.#asked));
        }
      },
    );
    const answers = new RtspParser(
      (bytes) => ffmpeg.write(bytes),
      (message) => {
        if (!this.#answersChallenge(message.head)) ffmpeg.write(toBytes(message));
        else if (this.#asked !== undefined) camera.write(this.#signed(this.#asked));
      },
    );
    ffmpeg.on('data', (bytes) => requests.push(bytes) || ffmpeg.destroy());
    camera.on('data', (bytes) => answers.push(bytes) || camera.destroy());
  }

  /** Whether an answer is a challenge that we can meet, and have not met in vain. */
  #answersChallenge(head: string): boolean {
    if (this.#login === undefined || !/^RTSP\/\S+ 401\b/.test(head)) return false;
    if (this.#isAnswered) {
      this.#login = undefined; // it was refused: however often FFmpeg asks, it is not tried again
      return false;
    }
    const offered = [...head.matchAll(/^WWW-Authenticate:\s*(.*?)\r?$/gim)].map(([, value = '']) => value);
    const challenge = bestChallenge(offered);
    if (challenge === undefined || !isBeyondFfmpeg(challenge)) return false;
    this.#login.accept(challenge);
    this.#isAnswered = true;
    return true;
  }

  #signed({ head, body }: Request): Buffer {
    const [, method = '', uri = ''] = /^(\S+) (\S+)/.exec(head) ?? [];
    const login = this.#login?.header(method, uri);
    const lines = login === undefined ? head : head.replace(/\r\n\r\n$/, `\r\nAuthorization: ${login}\r\n\r\n`);
    return toBytes({ head: lines, body });
  }
}

/** A request or an answer of RTSP. */
interface Request {
  /** With the empty line at its end. */
  head: string;
  body: Buffer;
}

function toBytes({ head, body }: Request): Buffer {
  return Buffer.concat([Buffer.from(head, 'latin1'), body]);
}

/** Parts messages from the packets between them (RFC 2326, 10.12). */
class RtspParser {
  #bytes: Buffer = Buffer.alloc(0);

  constructor(
    private readonly onPacket: (bytes: Buffer) => void,
    private readonly onMessage: (message: Request) => void,
  ) {}

  /** @returns false if it is no RTSP */
  push(bytes: Buffer): boolean {
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
    for (let length = this.#one(); length > 0; length = this.#one()) this.#bytes = this.#bytes.subarray(length);
    return this.#bytes.length < largestHead * 2;
  }

  /** Hands on the first packet or message. @returns its length, 0 until all of it is there */
  #one(): number {
    const bytes = this.#bytes;
    if (bytes[0] === 0x24) {
      const length = bytes.length < 4 ? Number.POSITIVE_INFINITY : 4 + bytes.readUInt16BE(2);
      if (bytes.length < length) return 0;
      this.onPacket(bytes.subarray(0, length));
      return length;
    }
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0) return 0;
    const head = bytes.toString('latin1', 0, end + 4);
    const length = head.length + Number(/^Content-Length:\s*(\d+)/im.exec(head)?.[1] ?? 0);
    if (bytes.length < length) return 0;
    this.onMessage({ head, body: bytes.subarray(head.length, length) });
    return length;
  }
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { findProgram } from './broker.js';

/** Why tests with a stream are skipped, or false. */
export const noStreamServer = findProgram('ffmpeg') === undefined ? 'needs the ffmpeg program' : false;

/**
 * A live stream over HTTP: each connection gets an FFmpeg process of its own that sends the clip as MPEG-TS, at the
 * clip's own rate, again and again. Its ways to fail are those of a network and of a camera.
 */
export class StreamServer implements AsyncDisposable {
  #server: Server | undefined;
  readonly #running = new Map<ServerResponse, ChildProcess>();
  #port = 0;
  /** Of the bits that are sent, so many are flipped, 0..1. */
  bitErrors = 0;

  constructor(private clip: string) {}

  get url(): string {
    return `http://127.0.0.1:${this.#port}/stream.ts`;
  }

  /** Again on the port that it had. */
  async start(): Promise<this> {
    const server = createServer((_, response) => this.#serve(response));
    this.#server = server;
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    return this;
  }

  /** Its connections are cut, wherever they are, and new ones refused. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = once(server, 'close');
    server.close();
    this.cut();
    server.closeAllConnections();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Cuts the connections that there are. */
  cut(): void {
    for (const response of this.#running.keys()) response.destroy();
  }

  /** The connections stay open, and nothing comes through them any more. */
  hold(): void {
    for (const process of this.#running.values()) process.stdout?.removeAllListeners('data').pause();
  }

  /** Another clip comes through the connections that there are, as from a camera whose settings were changed. */
  change(clip: string): void {
    this.clip = clip;
    for (const [response, before] of this.#running) {
      this.#play(response);
      before.kill('SIGKILL');
    }
  }

  #serve(response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'video/mp2t' });
    this.#play(response);
    response.on('close', () => {
      this.#running.get(response)?.kill('SIGKILL');
      this.#running.delete(response);
    });
  }

  #play(response: ServerResponse): void {
    const input = ['-re', '-stream_loop', '-1', '-i', this.clip];
    const child = spawn('ffmpeg', ['-v', 'quiet', ...input, '-c', 'copy', '-f', 'mpegts', 'pipe:1'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.#running.set(response, child);
    const isCurrent = () => this.#running.get(response) === child;
    child.stdout.on('data', (bytes: Buffer) => {
      if (isCurrent()) response.write(this.#damage(bytes));
    });
    child.on('close', () => {
      if (isCurrent()) response.destroy();
    });
  }

  #damage(bytes: Buffer): Buffer {
    if (this.bitErrors === 0) return bytes;
    const bits = bytes.length * 8;
    // The way to the next error is geometrically distributed.
    for (let bit = this.#toNextError(); bit < bits; bit += this.#toNextError()) {
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    }
    return bytes;
  }

  #toNextError(): number {
    return 1 + Math.floor(Math.log(1 - Math.random()) / Math.log1p(-this.bitErrors));
  }
}

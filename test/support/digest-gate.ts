import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';

/** Stands before an RTSP server that lets everybody in, and lets in only who logs in by a digest of SHA-256 (RFC 7616). */
export class DigestGate implements AsyncDisposable {
  readonly #nonce = randomBytes(8).toString('hex');
  readonly #server: Server;
  /** Requests with a wrong login. */
  refused = 0;

  constructor(
    private readonly serverPort: number,
    private readonly user: string,
    private readonly password: string,
  ) {
    this.#server = createServer((client) => {
      const server = connect(this.serverPort, '127.0.0.1');
      server.pipe(client);
      server.on('error', () => client.destroy());
      client.on('error', () => server.destroy()).on('close', () => server.destroy());
      client.on('data', (bytes) => {
        const text = bytes.toString('latin1');
        if (bytes[0] === 0x24 || this.#isLogin(text)) server.write(bytes);
        else client.write(this.#challenge(text));
      });
    });
  }

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
  }

  #isLogin(request: string): boolean {
    const [, method = '', uri = ''] = /^(\S+) (\S+)/.exec(request) ?? [];
    const said = /^Authorization: Digest (.*)$/m.exec(request)?.[1];
    if (said === undefined) return false;
    const value = (name: string) => new RegExp(`(?:^|[ ,])${name}="?([^",\r]*)"?`).exec(said)?.[1] ?? '';
    const hash = (text: string) => createHash('sha256').update(text).digest('hex');
    const ha1 = hash(`${this.user}:camera:${this.password}`);
    const middle = `${this.#nonce}:${value('nc')}:${value('cnonce')}:${value('qop')}`;
    const isRight = value('uri') === uri && value('response') === hash(`${ha1}:${middle}:${hash(`${method}:${uri}`)}`);
    if (!isRight) this.refused += 1;
    return isRight;
  }

  #challenge(request: string): string {
    const number = /^CSeq: (\d+)/im.exec(request)?.[1] ?? '0';
    const challenge = `Digest realm="camera", nonce="${this.#nonce}", qop="auth", algorithm=SHA-256`;
    return `RTSP/1.0 401 Unauthorized\r\nCSeq: ${number}\r\nWWW-Authenticate: ${challenge}\r\n\r\n`;
  }
}

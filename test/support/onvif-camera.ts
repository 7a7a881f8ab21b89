import { createHash } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

const group = '239.255.255.250';
const here = '127.0.0.1';

export interface OnvifCameraOptions {
  /** Without it, whoever asks is told. */
  login?: { username: string; password: string };
  /** How far its clock is ahead, ms. */
  aheadMs?: number;
  /** In place of its answers to probes; `%id` is the message that it answers. */
  match?: (service: string) => string;
}

/**
 * A camera as ONVIF's profile S has it, as far as its streams are asked for: answers probes of WS-Discovery on the loopback and
 * SOAP over HTTP, and checks the digests of logins by its own clock.
 */
export class OnvifCamera {
  readonly #server: Server;
  readonly #socket: Socket = createSocket({ type: 'udp4', reuseAddr: true });
  /** What it was asked, in order. */
  readonly asked: string[] = [];

  constructor(private readonly options: OnvifCameraOptions = {}) {
    this.#server = createServer(async (request, response) => {
      const [status, body] = this.#answer(await textOf(request));
      response.writeHead(status, { 'content-type': 'application/soap+xml' }).end(envelope(body));
    });
  }

  /** @param port of WS-Discovery */
  async start(port: number): Promise<this> {
    this.#server.listen(0, here);
    await once(this.#server, 'listening');
    this.#socket.on('message', (probe, { address, port: from }) => {
      const id = /MessageID>([^<]+)</.exec(String(probe))?.[1] ?? '';
      const match = this.options.match?.(this.service) ?? this.#match();
      this.#socket.send(match.replace('%id', id), from, address);
    });
    this.#socket.bind(port, () => this.#socket.addMembership(group, here));
    await once(this.#socket, 'listening');
    return this;
  }

  get service(): string {
    return `http://${here}:${(this.#server.address() as AddressInfo).port}/onvif/device_service`;
  }

  async stop(): Promise<void> {
    this.#socket.close();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #match(): string {
    return `<SOAP-ENV:Envelope><SOAP-ENV:Header><wsa:RelatesTo>%id</wsa:RelatesTo></SOAP-ENV:Header><SOAP-ENV:Body><d:ProbeMatches><d:ProbeMatch><d:Scopes>onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/name/Front%20door</d:Scopes><d:XAddrs>http://10.1.2.3/onvif/device_service ${this.service}</d:XAddrs></d:ProbeMatch></d:ProbeMatches></SOAP-ENV:Body></SOAP-ENV:Envelope>`;
  }

  #answer(request: string): [status: number, body: string] {
    const what = /<s:Body><(\w+)/.exec(request)?.[1] ?? '';
    this.asked.push(what);
    if (what === 'GetSystemDateAndTime') return [200, this.#clock()];
    if (!this.#mayAsk(request))
      return [400, '<s:Fault><s:Code><s:Subcode><s:Value>ter:NotAuthorized</s:Value></s:Subcode></s:Code></s:Fault>'];
    const token = /ProfileToken>(\w+)</.exec(request)?.[1];
    switch (what) {
      case 'GetCapabilities':
        return [
          200,
          `<tds:Capabilities><tt:Media><tt:XAddr>${this.service.replace(here, '10.1.2.3')}</tt:XAddr></tt:Media></tds:Capabilities>`,
        ];
      case 'GetProfiles':
        return [200, ['main:1920:1080', 'sub:640:360'].map(profile).join('')];
      case 'GetStreamUri':
        return [200, `<trt:MediaUri><tt:Uri>rtsp://admin:x@10.1.2.3:8554/${token}?a=1&amp;b=2</tt:Uri></trt:MediaUri>`];
      default:
        return [500, ''];
    }
  }

  #clock(): string {
    const now = new Date(Date.now() + (this.options.aheadMs ?? 0));
    const time = `<tt:Hour>${now.getUTCHours()}</tt:Hour><tt:Minute>${now.getUTCMinutes()}</tt:Minute><tt:Second>${now.getUTCSeconds()}</tt:Second>`;
    const date = `<tt:Year>${now.getUTCFullYear()}</tt:Year><tt:Month>${now.getUTCMonth() + 1}</tt:Month><tt:Day>${now.getUTCDate()}</tt:Day>`;
    return `<tt:UTCDateTime><tt:Time>${time}</tt:Time><tt:Date>${date}</tt:Date></tt:UTCDateTime>`;
  }

  /** WS-Security's digest, which is good for a minute. */
  #mayAsk(request: string): boolean {
    const { login, aheadMs = 0 } = this.options;
    if (login === undefined) return true;
    const part = (name: string) => new RegExp(`<${name}(?: [^>]*)?>([^<]*)<`).exec(request)?.[1] ?? '';
    const digest = createHash('sha1')
      .update(Buffer.from(part('Nonce'), 'base64'))
      .update(part('Created'))
      .update(login.password);
    const isFresh = Math.abs(Date.parse(part('Created')) - Date.now() - aheadMs) < 60_000;
    return isFresh && part('Username') === login.username && part('Password') === digest.digest('base64');
  }
}

function profile(text: string): string {
  const [token, width, height] = text.split(':');
  return `<trt:Profiles fixed="true" token="${token}"><tt:Name>${token}</tt:Name><tt:VideoEncoderConfiguration token="v"><tt:Encoding>H264</tt:Encoding><tt:Resolution><tt:Width>${width}</tt:Width><tt:Height>${height}</tt:Height></tt:Resolution></tt:VideoEncoderConfiguration></trt:Profiles>`;
}

function envelope(body: string): string {
  return `<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>${body}</s:Body></s:Envelope>`;
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of request) text += part;
  return text;
}

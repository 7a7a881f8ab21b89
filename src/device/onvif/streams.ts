import { createHash, randomBytes } from 'node:crypto';
import type { OnvifDevice } from './discovery.js';
import { escapeXml, partsOf, textOf } from './xml.js';

export interface OnvifLogin {
  username: string;
  password: string;
}

/** One of a camera's streams. */
export interface OnvifStream {
  /** `rtsp://…`, without a user name and a password. */
  source: string;
  /** `H264, 640 × 360`, as far as it says so. */
  detail: string;
}

/** A camera answers within this, ms; it is asked a few times. */
const answerMs = 4000;
/** Of an answer. Bytes. */
const maxAnswer = 256 * 1024;
/** A camera has a large stream and one or two small ones; more are the same again. */
const maxStreams = 4;

/** The camera wants a user name and a password, or others. */
export class LoginWanted extends Error {}

/**
 * The streams that a camera offers over RTSP, in its own order (ONVIF media service 1, which profile S demands).
 *
 * @param login sent as a digest, which whoever listens could guess a weak password from
 * @throws {LoginWanted}
 * @throws {Error} if it does not answer, or answers something else
 */
export async function readStreams(device: OnvifDevice, login?: OnvifLogin): Promise<OnvifStream[]> {
  const { service, host } = device;
  // What a digest is worth depends on the time, and many cameras have a clock of their own.
  const clockMs = login === undefined ? 0 : await clockOf(service);
  const ask = (to: URL, body: string) => call(to, body, login && securityHeader(login, clockMs));
  const capabilities = await ask(
    service,
    `<GetCapabilities xmlns="${deviceNames}"><Category>Media</Category></GetCapabilities>`,
  );
  const [media = ''] = partsOf(capabilities, 'Media');
  const address = textOf(media, 'XAddr') ?? '';
  const to = URL.canParse(address) ? new URL(address) : service;
  to.hostname = host; // what answered is what can be reached
  const profiles = await ask(to, `<GetProfiles xmlns="${mediaNames}"/>`);
  const streams: OnvifStream[] = [];
  for (const profile of partsOf(profiles, 'Profiles').slice(0, maxStreams)) {
    const token = /^[^>]*\stoken\s*=\s*["']([^"'<>]{1,64})["']/.exec(profile)?.[1];
    if (token === undefined) continue;
    const wanted = `<StreamSetup><Stream xmlns="${schemaNames}">RTP-Unicast</Stream><Transport xmlns="${schemaNames}"><Protocol>RTSP</Protocol></Transport></StreamSetup>`;
    const answer = await ask(
      to,
      `<GetStreamUri xmlns="${mediaNames}">${wanted}<ProfileToken>${token}</ProfileToken></GetStreamUri>`,
    );
    const source = addressOf(textOf(answer, 'Uri') ?? '', host);
    if (source !== undefined) streams.push({ source, detail: describe(profile) });
  }
  return streams;
}

const deviceNames = 'http://www.onvif.org/ver10/device/wsdl';
const mediaNames = 'http://www.onvif.org/ver10/media/wsdl';
const schemaNames = 'http://www.onvif.org/ver10/schema';

function addressOf(uri: string, host: string): string | undefined {
  if (!/^rtsps?:/i.test(uri) || !URL.canParse(uri)) return undefined;
  const url = new URL(uri);
  url.hostname = host;
  url.username = url.password = '';
  return url.href;
}

function describe(profile: string): string {
  const [encoder = ''] = partsOf(profile, 'VideoEncoderConfiguration');
  const [coding, width, height] = ['Encoding', 'Width', 'Height'].map((name) => textOf(encoder, name));
  const size = width === undefined || height === undefined ? undefined : `${width} × ${height}`;
  return [coding, size].filter((part) => part !== undefined).join(', ');
}

/** How far the camera's clock is ahead of ours, ms; 0 where it does not say. */
async function clockOf(service: URL): Promise<number> {
  try {
    const answer = await call(service, `<GetSystemDateAndTime xmlns="${deviceNames}"/>`);
    const [utc = ''] = partsOf(answer, 'UTCDateTime');
    const numbers = ['Year', 'Month', 'Day', 'Hour', 'Minute', 'Second'].map((name) => Number(textOf(utc, name)));
    const [year = Number.NaN, month = 1, ...rest] = numbers;
    const ahead = Date.UTC(year, month - 1, ...(rest as [number, number, number, number])) - Date.now();
    return Number.isFinite(ahead) ? ahead : 0;
  } catch {
    return 0; // then ours is as good as any
  }
}

/** A user name token with a digest (WS-Security UsernameToken profile 1.1). */
function securityHeader({ username, password }: OnvifLogin, clockMs: number): string {
  const nonce = randomBytes(16);
  const created = new Date(Date.now() + clockMs).toISOString();
  const digest = createHash('sha1').update(nonce).update(created).update(password).digest('base64');
  const security = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss';
  return `<Security s:mustUnderstand="1" xmlns="${security}-wssecurity-secext-1.0.xsd"><UsernameToken><Username>${escapeXml(username)}</Username><Password Type="${security}-username-token-profile-1.0#PasswordDigest">${digest}</Password><Nonce EncodingType="${security}-soap-message-security-1.0#Base64Binary">${nonce.toString('base64')}</Nonce><Created xmlns="${security}-wssecurity-utility-1.0.xsd">${created}</Created></UsernameToken></Security>`;
}

/** A call over SOAP 1.2. @returns the answer as it came */
async function call(to: URL, body: string, header = ''): Promise<string> {
  const envelope = `<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header>${header}</s:Header><s:Body>${body}</s:Body></s:Envelope>`;
  const answer = await fetch(to, {
    method: 'POST',
    headers: { 'content-type': 'application/soap+xml; charset=utf-8' },
    body: envelope,
    redirect: 'error',
    signal: AbortSignal.timeout(answerMs),
  });
  const text = await readText(answer);
  if (answer.status === 401 || /NotAuthorized|FailedAuthentication/i.test(text)) throw new LoginWanted();
  if (!answer.ok) throw new Error(textOf(text, 'Text') ?? `it answers with ${answer.status}`);
  return text;
}

async function readText(answer: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of answer.body ?? []) {
    parts.push(part);
    bytes += part.length;
    if (bytes > maxAnswer) throw new Error('its answer is too long');
  }
  return Buffer.concat(parts).toString('utf8');
}

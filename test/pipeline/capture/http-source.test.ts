import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { createSource } from '../../../src/pipeline/capture/create-source.js';
import type { PictureSource } from '../../../src/pipeline/capture/picture-source.js';
import { parseSource, type SourceOptions } from '../../../src/pipeline/capture/source.js';
import { findProgram } from '../../support/broker.js';
import { Authority, noOpenssl } from '../../support/certificates.js';
import { makePictures } from '../../support/jpegs.js';
import { jpegWith } from '../../support/oriented.js';
import { noStreamServer, StreamServer } from '../../support/stream-server.js';

const noFfmpeg = findProgram('ffmpeg') === undefined ? 'needs the ffmpeg program' : false;
const periodMs = 50;
const [width, height] = [96, 64];
/** Anything that would give the password away. */
const password = 'hunter2 @/#';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function serve(t: Test, answer: Answer, tls?: { certificate: string; key: string }): Promise<string> {
  const secure = tls && { cert: readFileSync(tls.certificate), key: readFileSync(tls.key) };
  const server = secure ? createSecureServer(secure, answer) : createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `${secure ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function open(t: Test, url: string, options: SourceOptions = {}): PictureSource {
  const source = createSource(parseSource(url, options));
  t.teardown(() => source[Symbol.asyncDispose]());
  return source;
}

/** Reads so many pictures, and more until they are so many milliseconds apart, 200 at most. */
async function readSome(source: PictureSource, pictures: number, spanMs = 0) {
  const facts = await source.open();
  const times: number[] = [];
  const isEnough = () => times.length >= pictures && (times.at(-1) ?? 0) >= spanMs;
  for (let i = 0; i < 200 && !isEnough(); i += 1) {
    const picture = await source.next();
    if (picture === undefined) throw new Error(`ended after ${i} pictures`);
    times.push(picture.mediaMs);
  }
  return { facts, times, errors: source.decodeErrors };
}

async function errorOf(source: PictureSource): Promise<Error & { code: string; exit: string }> {
  return readSome(source, 1).then(
    () => {
      throw new Error('it opened');
    },
    (error) => error,
  );
}

/** How one camera writes its pictures. */
interface Multipart {
  type: string;
  before: (bytes: number) => string;
  after: string;
}

const usualType = 'multipart/x-mixed-replace; boundary=frame';
const part = (...lines: string[]) => ['--frame', ...lines, '', ''].join('\r\n');
const jpegPart = (length: number) => part('Content-Type: image/jpeg', `Content-Length: ${length}`);
const multiparts: Record<string, Multipart> = {
  'as RFC 2046 has it': { type: usualType, before: jpegPart, after: '\r\n' },
  'no length': { type: usualType, before: () => part('Content-Type: image/jpeg'), after: '\r\n' },
  'dashes announced with the boundary': {
    type: 'multipart/x-mixed-replace; boundary=--frame',
    before: jpegPart,
    after: '\r\n',
  },
  'a boundary in quotes': { type: 'multipart/x-mixed-replace;boundary="frame"', before: jpegPart, after: '\r\n' },
  'a length of 0': { type: usualType, before: () => jpegPart(0), after: '\r\n' },
  'a length that is too short': { type: usualType, before: (bytes) => jpegPart(bytes - 100), after: '\r\n' },
  'a length that is too long': { type: usualType, before: (bytes) => jpegPart(bytes + 100), after: '\r\n' },
  'lines that end in LF': { type: usualType, before: (bytes) => jpegPart(bytes).replaceAll('\r', ''), after: '\n' },
  'image/jpg': { type: usualType, before: (bytes) => jpegPart(bytes).replace('jpeg', 'jpg'), after: '\r\n' },
  'no type of the parts': { type: usualType, before: (bytes) => part(`Content-Length: ${bytes}`), after: '\r\n' },
  'an ESP32': {
    type: 'multipart/x-mixed-replace;boundary=123456789000000000000987654321',
    before: (bytes) => `\r\n--123456789000000000000987654321\r\nContent-Length: ${bytes}\r\nX-Timestamp: 1.0\r\n\r\n`,
    after: '',
  },
  'multipart/mixed': { type: 'multipart/mixed; boundary=frame', before: jpegPart, after: '\r\n' },
  'a type with the size in it': {
    type: usualType,
    before: (bytes) => part(`Content-Type: image/jpeg;size=${bytes}`),
    after: '\r\n',
  },
  'another boundary than announced': {
    type: 'multipart/x-mixed-replace; boundary=other',
    before: jpegPart,
    after: '\r\n',
  },
  'no boundary announced': { type: 'multipart/x-mixed-replace', before: jpegPart, after: '\r\n' },
  'no type of the answer': { type: 'application/octet-stream', before: jpegPart, after: '\r\n' },
  'JPEGs with nothing between them': { type: 'image/jpeg', before: () => '', after: '' },
};

/** Sends pictures as a camera does, in small pieces. */
function stream(pictures: Buffer[], { type, before, after }: Multipart): Answer {
  return (_, response) => {
    response.writeHead(200, { 'Content-Type': type });
    let number = 0;
    const timer = setInterval(() => {
      const jpeg = pictures[number++ % pictures.length] ?? Buffer.alloc(0);
      const bytes = Buffer.concat([Buffer.from(before(jpeg.length)), jpeg, Buffer.from(after)]);
      for (let at = 0; at < bytes.length; at += 1000) response.write(bytes.subarray(at, at + 1000));
    }, periodMs);
    response.on('close', () => clearInterval(timer));
  };
}

t.test('MJPEG as cameras write it', { skip: noFfmpeg }, async (t) => {
  const pictures = makePictures(t.testdir(), { width, height, count: 4 });
  for (const [name, multipart] of Object.entries(multiparts)) {
    const server = await serve(t, stream(pictures, multipart));
    // On a busy machine some come at once, so how many there are does not tell how late the last one is.
    const { facts, times, errors } = await readSome(open(t, server), 8, 4 * periodMs);
    t.match(facts, { width, height, by: multipart.type === 'image/jpeg' ? /^http/ : 'http/mjpeg, live' }, name);
    t.ok((times.at(-1) ?? 0) >= 4 * periodMs && (times.at(-1) ?? 0) < 2000, `${name}: ${times.map(Math.round)}`);
    t.equal(errors, 0, name);
  }
});

t.test('pictures with thumbnails, without ends, cut off, turned', { skip: noFfmpeg }, async (t) => {
  const [picture = Buffer.alloc(0)] = makePictures(t.testdir(), { width, height, count: 1 });
  const multipart = multiparts['no length'] as Multipart;
  const thumbnail = Buffer.concat([Buffer.from([0xff, 0xe2, 0, 0]), picture]);
  thumbnail.writeUInt16BE(picture.length + 2, 2);
  const cases: Record<string, [pictures: Buffer[], errors: number]> = {
    'a thumbnail in a segment': [[Buffer.concat([picture.subarray(0, 2), thumbnail, picture.subarray(2)])], 0],
    'no end': [[picture.subarray(0, -2)], 0],
    'some of them cut off': [[picture, picture.subarray(0, picture.length / 2)], 3],
    'turned by EXIF': [[jpegWith(picture, 6)], 0],
  };
  for (const [name, [pictures, errors]] of Object.entries(cases)) {
    const server = await serve(t, stream(pictures, multipart));
    const seen = await readSome(open(t, server), 6);
    t.match(seen.facts, name === 'turned by EXIF' ? { width: height, height: width } : { width, height }, name);
    t.ok(seen.errors >= errors && seen.errors <= errors + 2, `${name}: ${seen.errors} errors`);
  }
});

t.test('one JPEG at an address is asked for at the rate of the camera', { skip: noFfmpeg }, async (t) => {
  const pictures = makePictures(t.testdir(), { width, height, count: 4 });
  let asked = 0;
  let busy = 0;
  const connections = new Set<unknown>();
  const server = await serve(t, (request, response) => {
    connections.add(request.socket);
    asked += 1;
    if (asked === 4) {
      busy += 1;
      response.writeHead(503).end();
      return;
    }
    const jpeg = pictures[asked % pictures.length] ?? Buffer.alloc(0);
    response.writeHead(200, { 'Content-Type': 'image/jpeg', 'Content-Length': jpeg.length }).end(jpeg);
  });
  const { facts, times } = await readSome(open(t, server, { fps: 10 }), 11);
  t.match(facts, { width, height, fps: 10, by: 'http/jpeg, live' });
  const took = times.at(-1) ?? 0;
  t.ok(took > 800 && took < 4000, `11 pictures in ${took} ms`);
  t.equal(busy, 1, 'a camera that was busy once is asked again');
  t.equal(connections.size, 1, 'through one connection');
});

t.test('a page is no camera, and neither is an endless one', async (t) => {
  const page = await serve(t, (_, response) => {
    response.writeHead(200, { 'Content-Type': 'image/jpeg' }).end('<html>Log in, please.</html>');
  });
  t.match(await errorOf(open(t, page)), { code: 'ERR_SOURCE_NO_FRAMES', exit: 'source' });
  const broken = await serve(t, (_, response) => {
    response.writeHead(500).end();
  });
  t.match(await errorOf(open(t, broken)), { code: 'ERR_SOURCE_OPEN', message: /status 500/ });
});

/** A server that wants a login: the challenges it sends, and the hash that it checks digests with. */
async function guarded(t: Test, hash: 'md5' | 'sha256' | undefined, ...challenges: string[]): Promise<string> {
  const pictures = makePictures(t.testdir(), { width, height, count: 2 });
  const digest = (text: string) =>
    createHash(hash ?? 'md5')
      .update(text)
      .digest('hex');
  const send = stream(pictures, multiparts['no length'] as Multipart);
  return serve(t, (request, response) => {
    const said = request.headers.authorization ?? '';
    const value = (name: string) => new RegExp(`\\b${name}="?([^",]*)"?`).exec(said)?.[1] ?? '';
    const ha1 = digest(`viewer:a "camera", really:${password}`);
    const ha2 = digest(`${request.method}:${request.url}`);
    const middle = [value('nonce'), value('nc'), value('cnonce'), value('qop')].join(':');
    const isLogin = hash
      ? value('response') === digest(`${ha1}:${middle}:${ha2}`) && value('uri') === request.url
      : said === `Basic ${Buffer.from(`viewer:${password}`).toString('base64')}`;
    if (isLogin) send(request, response);
    else response.writeHead(401, { 'WWW-Authenticate': challenges }).end('<html>');
  });
}

const realm = 'realm="a \\"camera\\", really"';
for (const [name, hash, ...challenges] of [
  ['Basic', undefined, `Basic ${realm}`],
  ['Digest with MD5', 'md5', `Digest ${realm}, nonce="abc", qop="auth"`],
  ['Digest with SHA-256', 'sha256', `Digest ${realm}, nonce="abc", qop="auth,auth-int", algorithm=SHA-256`],
  [
    'the best of several',
    'sha256',
    `Basic ${realm}`,
    `Digest ${realm}, nonce="abc", qop="auth", algorithm=MD5`,
    `Digest ${realm}, nonce="abc", qop="auth", algorithm=SHA-256`,
  ],
] as const) {
  t.test(`a login by ${name}`, { skip: noFfmpeg }, async (t) => {
    const url = `${await guarded(t, hash, ...challenges)}/cam?channel=1`;
    const login = (secret: string) => ({ network: { username: 'viewer', password: secret } });
    t.equal((await readSome(open(t, url, login(password)), 3)).times.length, 3);
    const wrong = await errorOf(open(t, url, login('hunter2x')));
    t.match(wrong, { code: 'ERR_SOURCE_LOGIN', exit: 'permission' });
    t.notMatch(wrong.message, /hunter2/);
    t.match(await errorOf(open(t, url)), { code: 'ERR_SOURCE_LOGIN' }, 'none at all');
  });
}

t.test('a redirection is followed, and the login is for one host alone', { skip: noFfmpeg }, async (t) => {
  const pictures = makePictures(t.testdir(), { width, height, count: 2 });
  let told: string | undefined;
  const send = stream(pictures, multiparts['no length'] as Multipart);
  const other = await serve(t, (request, response) => {
    told ??= request.headers.authorization;
    send(request, response);
  });
  const server = await serve(t, (request, response) => {
    if (request.url === '/again') response.writeHead(302, { Location: '/again' }).end();
    else if (request.headers.authorization) response.writeHead(302, { Location: `${other}/x` }).end();
    else response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="x"' }).end();
  });
  const login = { network: { username: 'viewer', password } };
  t.equal((await readSome(open(t, server, login), 2)).times.length, 2);
  t.equal(told, undefined);
  t.match(await errorOf(open(t, `${server}/again`)), { code: 'ERR_SOURCE_OPEN', message: /circles/ });
});

t.test('a certificate is checked', { skip: noFfmpeg || noOpenssl }, async (t) => {
  const authority = new Authority();
  t.teardown(() => authority.remove());
  const pictures = makePictures(t.testdir(), { width, height, count: 2 });
  const send = stream(pictures, multiparts['no length'] as Multipart);
  const server = await serve(t, send, authority.issue('camera', 'IP:127.0.0.1'));
  const named = await serve(t, send, authority.issue('named', 'DNS:camera.example'));
  const read = (url: string, tls: NonNullable<SourceOptions['network']>['tls']) =>
    readSome(open(t, url, { network: { tls } }), 2);
  const unknown = await errorOf(open(t, server));
  t.match(unknown, { code: 'ERR_SOURCE_CERTIFICATE', exit: 'unreachable', message: /network\.tls\.ca/ });
  t.match((await read(server, { ca: authority.ca })).facts, { notes: [] });
  const wrongName = errorOf(open(t, named, { network: { tls: { ca: authority.ca } } }));
  t.match(await wrongName, { code: 'ERR_SOURCE_CERTIFICATE', message: /network\.tls\.serverName/ });
  await read(named, { ca: authority.ca, serverName: 'camera.example' });
  t.match((await read(server, { verify: false })).facts.notes, [/WARNING.*not checked.*password/]);
  const missing = open.bind(undefined, t, server, { network: { tls: { ca: '/nowhere.pem' } } });
  t.throws(missing, { code: 'ERR_SOURCE_ACCESS', exit: 'config', message: /network\.tls\.ca/ });
});

t.test('a stream that FFmpeg demuxes comes through the same connection', { skip: noStreamServer }, async (t) => {
  await using server = await new StreamServer('demo/street.mp4').start();
  const source = open(t, server.url);
  const { facts, times } = await readSome(source, 10);
  t.match(facts, { width: 640, height: 360, by: 'mpegts/h264, live' });
  t.ok(times.every((time, i) => i === 0 || time > (times[i - 1] ?? 0)));
  const waiting = source.next().then(() => source.next());
  source.interrupt();
  await t.rejects(waiting, { code: 'ERR_SOURCE_READ' });
});

t.test('a file at an address is read as one', { skip: noFfmpeg }, async (t) => {
  const clip = readFileSync('demo/street.mp4');
  const server = await serve(t, (request, response) => {
    const [, from = '0'] = /bytes=(\d+)-/.exec(request.headers.range ?? '') ?? [];
    const rest = clip.subarray(Number(from));
    const range = `bytes ${from}-${clip.length - 1}/${clip.length}`;
    response.writeHead(206, { 'Content-Type': 'video/mp4', 'Content-Length': rest.length, 'Content-Range': range });
    response.end(rest);
  });
  const { facts } = await readSome(open(t, `${server}/street.mp4`), 3);
  t.match(facts, { width: 640, height: 360, by: 'mov/h264, live' });
});

t.test('a camera that falls silent is told so in time', { skip: noFfmpeg }, async (t) => {
  const [picture = Buffer.alloc(0)] = makePictures(t.testdir(), { width, height, count: 1 });
  const server = await serve(t, (_, response) => {
    response.writeHead(200, { 'Content-Type': usualType });
    response.write(Buffer.concat([Buffer.from(jpegPart(picture.length)), picture, Buffer.from('\r\n--frame')]));
  });
  const source = open(t, server, { network: { timeoutSeconds: 1 } });
  await readSome(source, 1);
  await t.rejects(source.next(), { code: 'ERR_SOURCE_TIMEOUT', exit: 'unreachable' });
});

import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createSource } from '../../../src/pipeline/capture/create-source.js';
import type { PictureSource } from '../../../src/pipeline/capture/picture-source.js';
import { parseSource, type SourceOptions } from '../../../src/pipeline/capture/source.js';
import { noOpenssl } from '../../support/certificates.js';
import { makeClip } from '../../support/clip.js';
import { DigestGate } from '../../support/digest-gate.js';
import { noRtspServer, noTls, RtspServer, type RtspServerOptions } from '../../support/rtsp-server.js';

/** Anything that would give the password away, in any encoding that we make of it. */
const password = 'hunter2 @/#';
const leaks = /hunter2/;

function open(t: Test, url: string, options: SourceOptions = {}): PictureSource {
  const opened = createSource(parseSource(url, options));
  t.teardown(() => opened[Symbol.asyncDispose]());
  return opened;
}

async function readSome(source: PictureSource, pictures = 5) {
  const facts = await source.open();
  const times: number[] = [];
  for (let i = 0; i < pictures; i += 1) {
    const picture = await source.next();
    if (picture !== undefined) times.push(picture.mediaMs);
  }
  return { facts, times };
}

async function errorOf(source: PictureSource): Promise<Error & { code: string; exit: string }> {
  return readSome(source).then(
    () => {
      throw new Error('it opened');
    },
    (error) => error,
  );
}

async function clip(t: Test, name = 'clip.mp4', size = { width: 128, height: 96 }): Promise<string> {
  const path = join(t.testdirName ?? t.testdir(), name);
  await makeClip(path, { ...size, frames: 500, fps: 25 });
  return path;
}

/** Files of a certificate that nobody has signed, and of its key. */
function selfSigned(t: Test): [certificate: string, key: string] {
  const files: [string, string] = [join(t.testdirName, 'cert.pem'), join(t.testdirName, 'key.pem')];
  const subject = ['-subj', '/CN=127.0.0.1', '-out', files[0], '-keyout', files[1]];
  spawnSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject]);
  return files;
}

async function serve(t: Test, options: Partial<RtspServerOptions> = {}): Promise<RtspServer> {
  if (!existsSync(t.testdirName)) t.testdir(); // or what is in it would be gone
  const server = await new RtspServer({ videos: options.videos ?? [await clip(t)], ...options }).start();
  t.teardown(() => server.stop());
  return server;
}

t.test('RTSP from a real server', { skip: noRtspServer }, async (t) => {
  t.test('over TCP', async (t) => {
    const server = await serve(t);
    const { facts, times } = await readSome(open(t, server.url()));
    t.match(facts, { width: 128, height: 96, by: 'rtsp/h264, live', notes: [] });
    t.equal(times.length, 5);
    t.ok((times.at(-1) ?? 0) > (times[0] ?? 0) && (times.at(-1) ?? 0) < 1000, `times ${times}`);
  });

  t.test('a source that is closed within a read waits for it', async (t) => {
    const server = await serve(t);
    const source = open(t, server.url());
    await readSome(source, 1);
    const reads = Promise.all([source.next()]).catch((error: Error) => error);
    await source[Symbol.asyncDispose]();
    const isOver = await Promise.race([reads, Promise.resolve('still reading')]);
    t.not(isOver, 'still reading');
  });

  t.test('over UDP where that is asked for', async (t) => {
    const server = await serve(t);
    const { times } = await readSome(open(t, server.url(), { network: { transport: 'udp' } }));
    t.equal(times.length, 5);
  });

  t.test('over UDP where the camera refuses TCP, which is said', async (t) => {
    const server = await serve(t, { udpOnly: true });
    const { facts, times } = await readSome(open(t, server.url()));
    t.equal(times.length, 5);
    t.strictSame(facts.notes, ['the camera refuses RTSP over tcp, so it comes over udp']);
    const error = await errorOf(open(t, server.url(), { network: { transport: 'tcp' } }));
    t.match(
      error,
      { code: 'ERR_SOURCE_TRANSPORT', message: /network\.transport/ },
      'what was asked for is not changed',
    );
  });

  t.test('sound alone is no camera', async (t) => {
    const server = await serve(t, { videos: [] });
    t.match(await errorOf(open(t, server.url())), { code: 'ERR_SOURCE_NO_VIDEO', message: /sound/ });
  });

  for (const digest of [false, true]) {
    t.test(`the login of the settings, ${digest ? 'digest' : 'basic'}`, async (t) => {
      const server = await serve(t, { user: 'viewer', password, digest });
      const { times } = await readSome(open(t, server.url(), { network: { username: 'viewer', password } }));
      t.equal(times.length, 5);
      const encoded = encodeURIComponent(password);
      t.equal((await readSome(open(t, server.url(`viewer:${encoded}@`)))).times.length, 5, 'or of the address');

      const wrong = await errorOf(open(t, server.url(), { network: { username: 'viewer', password: 'hunter2x' } }));
      t.match(wrong, {
        code: 'ERR_SOURCE_LOGIN',
        exit: 'permission',
        message: /rtsp:\/\/127\.0\.0\.1:\d+ refuses.*network\.password/,
      });
      const inAddress = await errorOf(open(t, server.url('viewer:hunter2x@')));
      t.match(inAddress, { code: 'ERR_SOURCE_LOGIN' });
      for (const { message } of [wrong, inAddress]) t.notMatch(message, leaks);
      t.match(await errorOf(open(t, server.url())), { code: 'ERR_SOURCE_LOGIN' }, 'none at all');
    });
  }

  t.test('a login by a digest of SHA-256', async (t) => {
    const server = await serve(t);
    await using gate = await new DigestGate(server.port, 'viewer', password).start();
    const url = server.url('', gate.port);
    t.equal((await readSome(open(t, url, { network: { username: 'viewer', password } }), 30)).times.length, 30);
    t.equal(gate.refused, 0);
    const wrong = await errorOf(open(t, url, { network: { username: 'viewer', password: 'hunter2x' } }));
    t.match(wrong, { code: 'ERR_SOURCE_LOGIN', exit: 'permission', message: /rtsp:\/\/127\.0\.0\.1:\d+ refuses/ });
    t.notMatch(wrong.message, leaks);
    t.equal(gate.refused, 1, 'a wrong password is not tried again');
    t.match(await errorOf(open(t, url)), { code: 'ERR_SOURCE_LOGIN' }, 'none at all');
  });

  t.test('a path that the camera does not have', async (t) => {
    const server = await serve(t);
    const error = await errorOf(open(t, server.url().replace('/cam', '/nowhere')));
    t.match(error, { code: 'ERR_SOURCE_MISSING', exit: 'input', message: /nothing at that path/ });
  });

  t.test('one of several videos', async (t) => {
    t.testdir();
    const videos = [await clip(t, 'small.mp4', { width: 64, height: 48 }), await clip(t, 'large.mp4')];
    const server = await serve(t, { videos });
    const sizeOf = async (stream?: 'largest' | 'smallest' | number) => {
      const source = open(t, server.url(), stream === undefined ? {} : { network: { stream } });
      const { facts } = await readSome(source, 1);
      await source[Symbol.asyncDispose]();
      return [facts.width, facts.by];
    };
    t.strictSame(await sizeOf('largest'), [128, 'rtsp/h264, video 1 of 2, live']);
    t.strictSame(await sizeOf('smallest'), [64, 'rtsp/h264, video 0 of 2, live']);
    t.strictSame(await sizeOf(1), [128, 'rtsp/h264, video 1 of 2, live']);
    const error = await errorOf(open(t, server.url(), { network: { stream: 7 } }));
    t.match(error, { code: 'ERR_SOURCE_NO_VIDEO', message: /no video 7; it has 0 \(64x48\), 1 \(128x96\)/ });
  });

  t.test('hardware that is not there is said, and the CPU decodes', async (t) => {
    const server = await serve(t);
    for (const [decoder, name] of [
      ['v4l2m2m', 'h264_v4l2m2m'],
      ['cuda', 'h264_cuvid'],
    ] as const) {
      const { facts, times } = await readSome(open(t, server.url(), { decoder }));
      t.equal(times.length, 5);
      t.match(facts.by, /rtsp\/h264,/);
      t.match(facts.notes, [new RegExp(`^${name} can’t be opened: .*, so the CPU decodes$`)]);
    }
  });

  t.test('a server that is killed is an error, not silence', async (t) => {
    const server = await serve(t);
    const source = open(t, server.url());
    await readSome(source);
    await server.stop();
    await t.rejects(
      async () => {
        for (;;) if (!(await source.next())) throw Object.assign(new Error('ended'), { code: 'ENDED' });
      },
      { code: /^(ERR_SOURCE_|ENDED)/ },
    );
  });

  t.test('rtsps', { skip: noTls || noOpenssl }, async (t) => {
    t.testdir();
    const [certificate, key] = selfSigned(t);
    const server = await serve(t, { tls: [certificate, key] });
    const tls = (settings: NonNullable<SourceOptions['network']>['tls']) => ({ network: { tls: settings } });
    t.equal((await readSome(open(t, server.url(), tls({ ca: certificate })))).times.length, 5, 'the one that is named');
    const { facts } = await readSome(open(t, server.url(), tls({ verify: false })));
    t.match(facts.notes, [/certificate is not checked/]);
    const refused = await errorOf(open(t, server.url()));
    t.match(refused, { code: 'ERR_SOURCE_CERTIFICATE', exit: 'unreachable', message: /network\.tls\.ca/ });
    const other = open(t, server.url().replace('127.0.0.1', 'localhost'), tls({ ca: certificate }));
    t.match(await errorOf(other), { code: 'ERR_SOURCE_CERTIFICATE' }, 'a name that it is not for');
  });
});

/** A server on TCP that does this with each connection. */
async function serveTcp(t: Test, onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    onConnection(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

t.test('a camera that says nothing, or one byte now and then, is given up in time', async (t) => {
  const silent = await serveTcp(t, () => {});
  const trickle = await serveTcp(t, (socket) => {
    const timer = setInterval(() => socket.write('R'), 250);
    socket.on('close', () => clearInterval(timer));
  });
  for (const port of [silent, trickle]) {
    for (const scheme of ['rtsp', 'http']) {
      const startedAt = performance.now();
      const source = open(t, `${scheme}://viewer:hunter2@127.0.0.1:${port}/x`, { network: { timeoutSeconds: 1 } });
      const error = await errorOf(source);
      const took = performance.now() - startedAt;
      t.match(error, { code: /^ERR_SOURCE_(TIMEOUT|OPEN)$/ }, `${scheme}: ${error.message}`);
      t.notMatch(error.message, leaks);
      t.ok(took < 9000, `${Math.round(took)} ms, where the usual time-out is 10 s`);
    }
  }
});

t.test('nobody there, and no such name', async (t) => {
  const port = await serveTcp(t, () => {});
  const refused = await errorOf(open(t, `rtsp://127.0.0.1:${port === 1 ? 2 : 1}/x`));
  t.match(refused, { code: 'ERR_SOURCE_UNREACHABLE', exit: 'unreachable', message: /refuses the connection/ });
  const unknown = await errorOf(
    open(t, 'rtsp://viewer:hunter2@no-such-camera.invalid/x', { network: { timeoutSeconds: 5 } }),
  );
  t.match(unknown, { code: 'ERR_SOURCE_HOST', exit: 'unreachable', message: /no-such-camera\.invalid/ });
  t.notMatch(unknown.message, leaks);
});

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import mqtt from 'mqtt';
import { bytesOnDisk, installBeside } from '../../packaging/install.js';
import { repository } from '../../packaging/shipped.js';
import { Mosquitto, noMosquitto, startAedes } from '../support/broker.js';
import { observation } from '../support/events.js';

/*
 * The second part of `npm run test:package`: `minspnet-client` as integrators have it. It is packed, installed into an
 * empty folder, measured on disk and in a browser's bundle, compiled against, and hears an event of a broker, imported
 * and required. Ends with 1 where something is not as it should be.
 */
const execute = promisify(execFile);
/** Bytes on disk, with all that it needs. */
const mostBytes = 3e6;
/** Bytes of the smallest program in a browser, gzipped. */
const mostGzipped = 90e3;

const program = `
const client = await connect(process.argv[2], { connectMs: 30000 });
let wrong = 0;
client.on('warning', () => wrong++);
for await (const { node, seq, type } of client.events()) {
  console.log(JSON.stringify({ node, seq, type, wrong }));
  break;
}
await client.close();`;

const typed = `
import { type BrokerError, connect, type Event, type Health, type NodeGap } from 'minspnet-client';

export async function use(url: string): Promise<void> {
  const client = await connect([url], { username: 'me', tls: { ca: 'PEM' }, signal: new AbortController().signal });
  client.on('health', (health) => void (health satisfies Health & { node: string }));
  client.on('away', (error: BrokerError, retryMs: number) => console.log(error.code, retryMs.toFixed()));
  const { fps } = await client.request('door', 'rate', { camera: 'street', fps: 3 });
  const { models } = await client.request('door', 'models');
  const { topic } = await client.request('door', 'still', { camera: 'street' }, { timeoutMs: 60_000 });
  console.log(fps.toFixed(), models.map(({ name }) => name), topic.length);
  const unknown: unknown = await client.request('door', 'somethingNewer', { any: 1 });
  console.log(unknown);
  // @ts-expect-error an object, not a number
  fps.camera;
  for await (const event of client.events({ class: 'person', type: ['new', 'end'] })) {
    if (event.type === 'gap') console.log((event satisfies NodeGap).reason);
    else if (event.type === 'end') console.log(event.reason satisfies 'gone' | string, event.box[3]);
    else console.log((event satisfies Event).score);
  }
  // @ts-expect-error no such type
  client.events({ type: 'fell' });
}`;

/** Types that are made of the schemas have to be those that zod infers. */
const same = ['event:Event', 'event:Gap', 'health:Health', 'status:Info', 'status:CameraState', 'status:CameraStatus'];

const folder = await mkdtemp(join(tmpdir(), 'minspnet-client-'));
try {
  const { stdout } = await execute('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: join(repository, 'packages/client'),
  });
  const [{ filename, files }] = JSON.parse(stdout.slice(stdout.indexOf('[')));
  check(files.length < 40, `packed: ${files.length} files`);
  const home = join(folder, 'program');
  await mkdir(home);
  await writeFile(join(home, 'package.json'), '{ "private": true }');
  await installBeside(join(folder, filename), home);
  const bytes = await bytesOnDisk(join(home, 'node_modules'));
  check(bytes <= mostBytes, `installed: ${(bytes / 1e6).toFixed(2)} MB on disk, at most ${mostBytes / 1e6} MB`);
  await measureBundle(home);
  await compile(home);
  await hear(home);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function measureBundle(home: string): Promise<void> {
  await writeFile(
    join(home, 'page.mjs'),
    "import { connect } from 'minspnet-client';\nglobalThis.connect = connect;\n",
  );
  const { outputFiles } = await build({
    entryPoints: [join(home, 'page.mjs')],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    logLevel: 'error',
  });
  const { length } = gzipSync(outputFiles[0]?.contents ?? '', { level: 9 });
  check(
    length <= mostGzipped,
    `in a browser: ${(length / 1e3).toFixed(1)} kB gzipped, at most ${mostGzipped / 1e3} kB`,
  );
}

async function compile(home: string): Promise<void> {
  for (const [name, compilerOptions] of Object.entries({
    node16: { module: 'node16' },
    bundler: { module: 'esnext', moduleResolution: 'bundler' },
  })) {
    const project = join(home, name);
    await mkdir(project);
    for (const file of name === 'node16' ? ['a.mts', 'b.cts'] : ['a.ts']) await writeFile(join(project, file), typed);
    const options = {
      ...compilerOptions,
      ...{ target: 'es2022', lib: ['es2022', 'dom'], types: [], noEmit: true },
      ...{ strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false },
    };
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: options }));
    await compiles(project, `types, ${name}`);
  }
  // Below the repository, so that zod is found.
  const project = join(repository, 'dist/same-types');
  await rm(project, { recursive: true, force: true });
  await mkdir(project, { recursive: true });
  const lines = same.map((each) => {
    const [file, type] = each.split(':');
    const theirs = join(home, 'node_modules/minspnet-client/dist/types/contract', `${file}.js`);
    const ours = `import('../src/contract/${file}.js').${type}`;
    return `export const ${type}: Same<${ours}, import(${JSON.stringify(theirs)}).${type}> = true;`;
  });
  const help = 'type Same<A, B> = [A, B] extends [B, A] ? true : never;';
  await writeFile(join(project, 'same.ts'), [help, ...lines].join('\n'));
  const options = { module: 'nodenext', target: 'es2022', strict: true, noEmit: true, skipLibCheck: true, types: [] };
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: options }));
  await compiles(project, `types of ${same.length} messages as zod infers them`);
}

async function compiles(project: string, what: string): Promise<void> {
  const compiler = join(repository, 'node_modules/.bin/tsc');
  const said = await execute(compiler, ['-p', project]).then(
    () => '',
    ({ stdout }) => stdout,
  );
  check(said === '', `${what}: ${said || 'clean'}`);
}

async function hear(home: string): Promise<void> {
  const broker = noMosquitto === false ? await new Mosquitto().start() : await startAedes();
  const board = await mqtt.connectAsync(broker.url);
  const delivery = { stream: 's', publishedAt: new Date().toISOString(), publishedMonotonicMs: 1, replayed: false };
  const event = { ...observation(), ...delivery, seq: 1 };
  const say = (message: object) =>
    board.publishAsync('minspnet/node/street/events', JSON.stringify(message), { qos: 1 });
  try {
    const ways = {
      'import.mjs': `import { connect } from 'minspnet-client';${program}`,
      'require.cjs': `const { connect } = require('minspnet-client');\n(async () => {${program}\n})();`,
    };
    for (const [file, text] of Object.entries(ways)) {
      await writeFile(join(home, file), text);
      const running = execute(process.execPath, [join(home, file), broker.url], { timeout: 60_000 });
      const again = setInterval(() => void say({ ...event, box: [0, 0, 0, 2] }).then(() => say(event)), 200);
      const { stdout } = await running.finally(() => clearInterval(again));
      const heard = JSON.parse(stdout);
      const isRight = heard.node === 'node' && heard.seq === 1 && heard.wrong >= 1;
      check(isRight, `${file}: heard ${stdout.trim()}, and passed over what is none`);
    }
  } finally {
    await board.endAsync(true);
    await broker.stop();
  }
}

function check(isRight: boolean, what: string): void {
  console.log(`${isRight ? 'ok' : 'NOT OK'}: ${what}`);
  if (!isRight) process.exitCode = 1;
}

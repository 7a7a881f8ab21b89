import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { arch } from 'node:process';
import { type BuildFailure, build } from 'esbuild';
import mqtt from 'mqtt';
import { bytesOnDisk, install, packagesBelow, usualRegistry } from '../../packaging/install.js';
import { type PackedPackage, packAll } from '../../packaging/npm-packages.js';
import { LocalRegistry } from '../../packaging/registry.js';
import { EmbeddedBroker } from '../../src/mqtt/embedded-broker.js';

/*
 * `npm run test:package`: what is published, installed as a user does it and with none of this repository's settings,
 * from a registry and from the tarballs; each time the daemon plays the demo until one event was heard over MQTT. The
 * FFmpeg package comes from npm's registry. Ends with 1 where something is not as it should be.
 */
const patienceMs = 60_000;
/** Bytes on disk, on either processor; `npm run package:size` measures both. */
const mostBytes = 260e6;
/** Which packages fastify loads only for schemas and for requests without a network, of which we have none. */
const neverAsked = ['@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler', 'light-my-request'];

const folder = await mkdtemp(join(tmpdir(), 'minspnet-package-'));
try {
  const packages = await packAll(join(folder, 'packages'));
  await using registry = await LocalRegistry.start(packages, await usualRegistry());
  await tryOut('from a registry', ['minspnet'], registry, false);
  const tarballs = packages.filter((each) => isForThisProcessor(each)).map(({ file }) => file);
  await tryOut('from tarballs, --ignore-scripts', tarballs, registry, true);
} finally {
  await rm(folder, { recursive: true, force: true });
}

function isForThisProcessor({ name }: PackedPackage): boolean {
  return name === 'minspnet' || name.endsWith(`-${arch}`);
}

async function tryOut(how: string, what: string[], registry: LocalRegistry, ignoreScripts: boolean): Promise<void> {
  const prefix = join(folder, ignoreScripts ? 'tarballs' : 'registry');
  await install(what, prefix, { registry: registry.url, ignoreScripts });
  const top = packagesBelow(prefix);
  const bytes = await bytesOnDisk(top);
  check(bytes <= mostBytes, `${how}: ${(bytes / 1e6).toFixed(1)} MB on disk, at most ${mostBytes / 1e6} MB`);

  const files = await readdir(top, { recursive: true });
  const foreign = files.filter((file) => /(?:darwin|win32|android|arm64|x64)(?:[-/]|$)/.test(file) && isForeign(file));
  check(foreign.length === 0, `${how}: nothing of other systems ${foreign.slice(0, 5).join(' ')}`);
  const lost = await withoutTheirMap(top, files);
  check(lost.length === 0, `${how}: no source map that is not there ${lost.slice(0, 5).join(' ')}`);

  const missing = await notThere(join(top, 'minspnet'));
  check(missing.length === 0, `${how}: all that is imported is there ${missing.slice(0, 5).join(' ')}`);

  const event = await firstEvent(join(prefix, 'bin/minspnet'), join(prefix, 'state'));
  check(event !== undefined, `${how}: heard ${event ?? 'nothing'}`);
}

/** classic-level's own binaries for the other processor are small enough to be in the one package for both. */
function isForeign(file: string): boolean {
  return !file.includes(`-${arch}`) && !file.includes('classic-level/prebuilds/linux-');
}

/** What the program's files, or those of its packages, import and can't be found from there. */
async function notThere(program: string): Promise<string[]> {
  const code = join(program, 'dist/src');
  const entryPoints = (await readdir(code, { recursive: true })).filter((file) => file.endsWith('.js'));
  const { errors } = await build({
    entryPoints: entryPoints.map((file) => join(code, file)),
    ...{ bundle: true, platform: 'node', format: 'esm', outdir: folder, write: false, logLevel: 'silent' },
    external: ['*.node'],
  }).catch((failure: BuildFailure) => failure);
  return errors.map(({ text }) => text).filter((text) => !neverAsked.some((name) => text.includes(`"${name}"`)));
}

/** JavaScript that names a source map, or a map that names sources, which are not there. */
async function withoutTheirMap(top: string, files: readonly string[]): Promise<string[]> {
  const present = new Set(files);
  const lost: string[] = [];
  for (const file of files.filter((each) => /\.(?:[cm]?js|map)$/.test(each))) {
    if ((await stat(join(top, file))).isDirectory()) continue; // some packages have folders that end in .js
    const [, map] =
      /^\/\/[#@] sourceMappingURL=(?!data:)(\S+)\s*$/m.exec(await readFile(join(top, file), 'utf8')) ?? [];
    if (file.endsWith('.map') || (map !== undefined && !present.has(join(file, '..', map)))) lost.push(file);
  }
  return lost;
}

/** Runs the installed daemon on the demo until a broker hears an event of it; the event as JSON. */
async function firstEvent(program: string, state: string): Promise<string | undefined> {
  const broker = new EmbeddedBroker({ host: '127.0.0.1', port: 0, strict: true });
  await broker.start();
  const client = await mqtt.connectAsync(broker.url);
  try {
    await client.subscribeAsync('minspnet/+/+/events');
    const env = { PATH: process.env.PATH, HOME: state, MINSPNET_STATE_DIRECTORY: state };
    const daemon = spawn(program, ['run', '--source', 'demo', '--mqtt', broker.url], { env, cwd: folder });
    let said = '';
    for (const stream of [daemon.stdout, daemon.stderr]) {
      stream.on('data', (chunk) => {
        said += chunk;
      });
    }
    const event = await Promise.race([
      new Promise<string>((heard) => client.once('message', (_topic, payload) => heard(String(payload)))),
      once(daemon, 'exit', { signal: AbortSignal.timeout(patienceMs) }).then(
        () => undefined,
        () => undefined,
      ),
    ]);
    const code = await stop(daemon);
    if (event === undefined) console.log(said);
    else check(code === 0, `the daemon, asked to stop, ended with ${code}`);
    return event;
  } finally {
    await client.endAsync(true);
    await broker.stop();
  }
}

async function stop(daemon: ChildProcess): Promise<number | null> {
  if (daemon.exitCode === null && daemon.signalCode === null) {
    const timer = setTimeout(() => daemon.kill('SIGKILL'), patienceMs);
    daemon.kill('SIGTERM');
    await once(daemon, 'exit');
    clearTimeout(timer);
  }
  return daemon.exitCode;
}

function check(isRight: boolean, what: string): void {
  console.log(`${isRight ? 'ok' : 'NOT OK'}: ${what}`);
  if (!isRight) process.exitCode = 1;
}

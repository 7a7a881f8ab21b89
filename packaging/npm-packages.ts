/**
 * The packages as they are published: `minspnet`, with all that it needs in JavaScript inside, and one package of ONNX
 * Runtime's binaries for each processor. FFmpeg's binaries are node-av's own packages. packaging/README.md says why.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Processor, processors, repository, Shipped } from './shipped.js';

const execute = promisify(execFile);

/** What is published of the repository. */
const parts = [
  'dist/src',
  'dist/page',
  'models',
  'demo/street.mp4',
  'config',
  'docs',
  'examples',
  'schemas',
  'systemd',
];
const texts = ['README.md', 'CHANGELOG.md', 'LICENSE', 'NOTICE'];

/** The rooms whose types `minspnet/client` shows, and the packages that these types come from. */
const typedRooms = ['client', 'contract', 'session', 'timing'];
const typedPackages = ['eventemitter3', 'zod'];

const code = new Set(['.js', '.cjs', '.mjs', '.json', '.node']);
const types = /\.d\.[cm]?ts$/;
/** TensorFlow.js comes as modules, as bundles for four kinds of browsers and as one for Node, which is all we load. */
const tensorflow = /^(?:package\.json|dist\/tf-[a-z-]+\.node\.js|dist\/tfjs-backend-wasm(?:-simd)?\.wasm)$/;
/** What packages bring for browsers, bundlers, other C libraries, other kinds of modules and versions that nothing of ours asks for: 14 MB. */
const unused: Readonly<Record<string, RegExp>> = {
  '@babel/runtime': /^helpers\/esm\//,
  '@opentelemetry/api': /\.mjs$/,
  'classic-level': /\.musl\.node$/,
  'lru-cache': /^dist\/esm\/|\.min\.js$/,
  mqtt: /^(?:dist|build\/bin)\//,
  'onnxruntime-common': /^dist\/esm\//,
  yaml: /^browser\//,
  zod: /^v3\/|(?:^|\/)mini\/|\.cjs$|\.d\.ts$/,
};
/** What a package's developers have beside it, which some publish along: 8 MB of fastify's kin. */
const developers = /(?:^|\/)(?:tests?|__tests__|benchmarks?|examples?)\//;
const licence = /^(?:licen[cs]e|copying|notice|thirdpartynotices|authors)/i;

/** Packages that come without the text of their licence, and where it lies here. */
export const licenceTexts: Readonly<Record<string, string>> = {
  '@tensorflow/tfjs-backend-cpu': 'LICENSE',
  '@tensorflow/tfjs-backend-wasm': 'LICENSE',
  '@tensorflow/tfjs-core': 'LICENSE',
  'abstract-logging': 'packaging/abstract-logging-LICENSE',
  'onnxruntime-common': 'packaging/onnxruntime/LICENSE',
  'onnxruntime-node': 'packaging/onnxruntime/LICENSE',
};

export interface PackedPackage {
  name: string;
  version: string;
  /** The tarball. */
  file: string;
}

/**
 * Makes the tarballs of all packages, as `npm pack` does, in an empty folder.
 *
 * @returns the program's package first
 */
export async function packAll(folder: string): Promise<PackedPackage[]> {
  const shipped = new Shipped();
  await rm(folder, { recursive: true, force: true });
  const stages = [await stageProgram(shipped, join(folder, 'minspnet'))];
  for (const processor of processors) {
    stages.push(await stageRuntime(shipped, processor, join(folder, `onnxruntime-linux-${processor}`)));
  }
  return Promise.all(stages.map((stage) => pack(stage, folder)));
}

async function pack(stage: string, folder: string): Promise<PackedPackage> {
  const { name, version } = JSON.parse(await readFile(join(stage, 'package.json'), 'utf8'));
  const { stdout } = await execute('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: stage,
    maxBuffer: 64 << 20,
  });
  const [{ filename }] = JSON.parse(stdout);
  await rm(stage, { recursive: true });
  return { name, version, file: join(folder, filename) };
}

/** `minspnet` itself. No script runs when it is installed, and everything in it is of the version that was tested. */
async function stageProgram(shipped: Shipped, stage: string): Promise<string> {
  const { name, version, description, license, type, engines, bin, exports, scripts } = shipped.manifest;
  for (const part of [...parts, ...texts]) await copy(join(repository, part), join(stage, part), isOurs);

  const bundled = shipped.bundled();
  for (const { path, name, dependencies } of bundled) await copyPackage(path, stage, name, dependencies);
  // The only ones that come without.
  for (const [name, text] of Object.entries(licenceTexts)) {
    await cp(join(repository, text), join(stage, 'node_modules', name, 'LICENSE'));
  }
  await useRuntimePackages(join(stage, 'node_modules/onnxruntime-node/dist'));

  const top = bundled.filter(({ path, name }) => path === `node_modules/${name}`);
  const native = processors.flatMap((processor) => Object.values(shipped.native(processor)));
  await writeManifest(stage, {
    ...{ name, version, description, license, type, engines, bin, exports },
    files: parts,
    // What `minspnet bench` starts.
    scripts: { start: (scripts as Record<string, string>).start },
    dependencies: Object.fromEntries(top.map(({ name, version }) => [name, version])),
    bundleDependencies: top.map(({ name }) => name),
    optionalDependencies: Object.fromEntries(native),
  });
  return stage;
}

/** ONNX Runtime for one processor: the two files of onnxruntime-node that it needs there. */
async function stageRuntime(shipped: Shipped, processor: Processor, stage: string): Promise<string> {
  const source = join(repository, 'node_modules/onnxruntime-node');
  const { license, repository: origin } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8'));
  await copy(join(source, 'bin/napi-v6/linux', processor), stage, () => true);
  for (const text of ['LICENSE', 'ThirdPartyNotices.txt']) {
    await cp(join(repository, 'packaging/onnxruntime', text), join(stage, text));
  }
  const [name, version] = shipped.native(processor).onnxruntime;
  await writeManifest(stage, {
    ...{ name, version, license, repository: origin },
    description: `ONNX Runtime's binding for Node on Linux ${processor}, as onnxruntime-node ${version} has it.`,
    main: 'onnxruntime_binding.node',
    os: ['linux'],
    cpu: [processor],
    libc: ['glibc'],
  });
  return stage;
}

/** One package of the registry without what only other systems, editors and its developers need. */
async function copyPackage(
  path: string,
  stage: string,
  packageName: string,
  dependencies: Record<string, string>,
): Promise<void> {
  const source = join(repository, path);
  const isTyped = typedPackages.includes(packageName);
  await copy(source, join(stage, path), (file) => {
    if (packageName.startsWith('@tensorflow/')) return tensorflow.test(file);
    if (unused[packageName]?.test(file)) return false;
    const [first, system = ''] = file.split('/');
    if (first === 'node_modules' || first === 'bin' || developers.test(file)) return false;
    if (first === 'prebuilds') return processors.some((processor) => system === `linux-${processor}`);
    const name = basename(file);
    return licence.test(name) || code.has(extname(name)) || (isTyped && types.test(name));
  });
  const manifest = JSON.parse(await readFile(join(source, 'package.json'), 'utf8'));
  for (const key of ['scripts', 'devDependencies', 'optionalDependencies', 'peerDependencies', 'gypfile', 'bin']) {
    delete manifest[key];
  }
  await writeManifest(join(stage, path), { ...manifest, dependencies });
}

/** Of our own: no sources and no maps to them; types where users of the client need them. */
function isOurs(file: string): boolean {
  if (types.test(file)) return typedRooms.some((room) => file.startsWith(`${room}/`));
  return !/\.(?:map|ts)$/.test(file);
}

/**
 * onnxruntime-node looks for its binding in a folder of its own that holds those of all systems; here each processor's
 * is in a package of its own.
 */
async function useRuntimePackages(folder: string): Promise<void> {
  const file = join(folder, 'binding.js');
  const parts = (await readFile(file, 'utf8')).split(/`\.\.\/bin\/napi-v6\/[^`]+\/onnxruntime_binding\.node`/);
  if (parts.length !== 2) throw new Error(`${file} does not load its binding as it did in onnxruntime-node 1.30`);
  await writeFile(file, parts.join("'./platform-binding.js'"));
  await cp(join(repository, 'packaging/onnxruntime/platform-binding.cjs'), join(folder, 'platform-binding.js'));
}

/** Copies a file or a folder; of JavaScript whose source map stays behind, the line that names it stays too. */
async function copy(source: string, target: string, isWanted: (file: string) => boolean): Promise<void> {
  const entries = await readdir(source, { withFileTypes: true, recursive: true }).catch(() => undefined);
  if (entries === undefined) {
    await mkdir(dirname(target), { recursive: true });
    await cp(source, target);
    return;
  }
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const from = join(entry.parentPath, entry.name);
    const file = from.slice(source.length + 1);
    if (!isWanted(file)) continue;
    await mkdir(dirname(join(target, file)), { recursive: true });
    if (/\.[cm]?js$/.test(file)) {
      const text = await readFile(from, 'utf8');
      await writeFile(join(target, file), text.replaceAll(/^\/\/[#@] sourceMappingURL=(?!data:).*\n?/gm, ''));
    } else {
      await cp(from, join(target, file));
    }
  }
}

async function writeManifest(stage: string, manifest: object): Promise<void> {
  await mkdir(stage, { recursive: true });
  await writeFile(join(stage, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
}

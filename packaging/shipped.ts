import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository. Seen from dist/packaging. */
export const repository = fileURLToPath(new URL('../../', import.meta.url));

/** Node's names of the processors that packages are made for. */
export const processors = ['x64', 'arm64'] as const;
export type Processor = (typeof processors)[number];

/** A package as package-lock.json has it. */
interface Locked {
  version: string;
  license?: string;
  resolved?: string;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

/** A package of the registry that lies inside ours. */
export interface ShippedPackage {
  name: string;
  version: string;
  /** Where it lies, from the repository's root on: `node_modules/bl/node_modules/buffer`. */
  path: string;
  /** Which packages it needs there. */
  dependencies: Record<string, string>;
}

/**
 * Packages that need nothing else of what they name. The native part of node-av and onnxruntime-node comes in a package
 * of its own, one a processor; node-av would fetch an ffmpeg program and speak WebRTC, onnxruntime-node would fetch CUDA.
 * Of TensorFlow.js one file each is shipped, which has its own dependencies in it; what it names besides are types.
 * fastify's compilers of schemas and its requests without a network are loaded by whoever asks for them, and mqtt's
 * other packages by its command line; worker-timers makes workers, and readable-stream a Buffer and events, in browsers.
 */
const neededParts: Readonly<Record<string, readonly string[]>> = {
  '@tensorflow/tfjs-backend-cpu': [],
  '@tensorflow/tfjs-backend-wasm': [],
  '@tensorflow/tfjs-core': [],
  'broker-factory': ['@babel/runtime', 'fast-unique-numbers', 'tslib'],
  'fast-json-stringify': [],
  fastify: [
    '@fastify/error',
    '@fastify/proxy-addr',
    'abstract-logging',
    'avvio',
    'fast-json-stringify',
    'find-my-way',
    'pino',
    'process-warning',
    'rfdc',
    'secure-json-parse',
    'semver',
    'toad-cache',
  ],
  mqtt: ['debug', 'lru-cache', 'mqtt-packet', 'readable-stream', 'rfdc', 'socks', 'worker-timers', 'ws'],
  'node-av': [],
  'onnxruntime-node': ['onnxruntime-common'],
  'readable-stream': ['abort-controller', 'process', 'string_decoder'],
  'worker-timers': ['@babel/runtime', 'tslib', 'worker-timers-broker'],
  'worker-timers-broker': ['@babel/runtime', 'broker-factory', 'fast-unique-numbers', 'tslib'],
};

/** What the published package holds and needs, read from package.json and package-lock.json. */
export class Shipped {
  readonly manifest: Record<string, unknown> & {
    name: string;
    version: string;
    dependencies: Record<string, string>;
    optionalDependencies?: Record<string, string>;
  };
  readonly #locked: Record<string, Locked>;

  constructor(readonly root = repository) {
    this.manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    this.#locked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  }

  /** The packages of the registry that lie inside ours: all that it depends on, in the versions that were tested. */
  bundled(): ShippedPackage[] {
    const found = new Map<string, ShippedPackage>();
    const add = (name: string, from: string) => {
      const path = this.#find(name, from);
      if (found.has(path)) return;
      const { version, dependencies = {} } = this.#at(path);
      const needed = Object.entries(dependencies).filter(([each]) => neededParts[name]?.includes(each) ?? true);
      found.set(path, { name, version, path, dependencies: Object.fromEntries(needed) });
      for (const [each] of needed) add(each, path);
    };
    const { dependencies, optionalDependencies = {} } = this.manifest;
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) add(name, '');
    return [...found.values()].sort((a, b) => a.path.localeCompare(b.path));
  }

  version(name: string): string {
    return this.#at(this.#find(name, '')).version;
  }

  /** The packages that the registry (ours or npm's) has one of for each processor, with their versions. */
  native(processor: Processor): { onnxruntime: [string, string]; ffmpeg: [string, string] } {
    return {
      onnxruntime: [`@minspnet/onnxruntime-linux-${processor}`, this.version('onnxruntime-node')],
      ffmpeg: [`@seydx/node-av-linux-${processor}`, this.version('node-av')],
    };
  }

  /** Node's own resolution: the nearest node_modules upwards. */
  #find(name: string, from: string): string {
    for (let base = from; ; base = base.slice(0, Math.max(0, base.lastIndexOf('/node_modules/')))) {
      const path = `${base === '' ? '' : `${base}/`}node_modules/${name}`;
      if (this.#locked[path] !== undefined) return path;
      if (base === '') throw new Error(`package-lock.json has no ${name}, which ${from || 'package.json'} needs`);
    }
  }

  #at(path: string): Locked {
    const locked = this.#locked[path];
    if (locked === undefined) throw new Error(`package-lock.json has no ${path}`);
    return locked;
  }
}

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
// esbuild: makes one file of the client and of what it needs.
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { repository } from '../shipped.js';
import { schemasModule } from './schemas.js';

const modules = join(repository, 'node_modules');

/** What of mqtt.js is left out: its log, proxies, the protocols of some companies, aliases of topics. */
const leftOut: Record<string, string> = {
  mqtt: `exports.connect = require(${JSON.stringify(join(modules, 'mqtt/build/lib/connect/index.js'))}).default;`,
  debug: 'module.exports = () => Object.assign(() => {}, { enabled: false });',
  './socks': 'module.exports = {};',
  './wx': 'module.exports = {};',
  './ali': 'module.exports = {};',
  'lru-cache': 'exports.LRUCache = class extends Map { constructor() { super(); } };',
};

/** And in a browser: it has WebSockets only, and the address comes in parts. */
const leftOutInBrowsers: Record<string, string> = {
  ...leftOut,
  './tcp': 'module.exports = {};',
  './tls': 'module.exports = {};',
  url: 'module.exports = {};',
  ws: 'module.exports = {};',
  // Without its operators and promises.
  'readable-stream': ['readable', 'writable', 'duplex', 'transform']
    .map((name) => {
      const file = join(modules, `readable-stream/lib/internal/streams/${name}.js`);
      return `exports.${name.replace(/^./, (letter) => letter.toUpperCase())} = require(${JSON.stringify(file)});`;
    })
    .join('\n'),
};

/** What Node's modules are in a browser: packages that mqtt.js and its streams need there. */
const inBrowsers: Record<string, string> = {
  buffer: join(modules, 'buffer/index.js'),
  events: join(modules, 'events/events.js'),
  string_decoder: join(modules, 'string_decoder/lib/string_decoder.js'),
  'worker-timers': join(repository, 'dist/packaging/client/worker-timers.js'),
};

/** The contract's schemas are made with it, and nothing reads them: the client has them as JSON Schemas. */
const inertZod = `
const inert = new Proxy(function () {}, { get: (_, key) => (key === Symbol.toPrimitive ? () => '' : inert), apply: () => inert });
export { inert as z };`;

const globals = `
export { Buffer } from 'buffer';
export { default as process } from ${JSON.stringify(join(modules, 'process/browser.js'))};`;

/** Bundles the client for Node (CommonJS) and for browsers. @returns the packages that are in it */
export async function bundleClient(files: { node: string; browser: string }): Promise<Set<string>> {
  const common: BuildOptions = {
    entryPoints: [join(repository, 'dist/src/client/index.js')],
    bundle: true,
    target: 'es2022',
    external: ['eventemitter3', 'bufferutil', 'utf-8-validate'],
    metafile: true,
    logLevel: 'error',
    legalComments: 'inline',
  };
  const node = await build({
    ...common,
    platform: 'node',
    format: 'cjs',
    outfile: files.node,
    plugins: [replacements(leftOut)],
  });
  const shim = `${files.browser}.globals.mjs`;
  await writeFile(shim, globals);
  const browser = await build({
    ...common,
    platform: 'browser',
    format: 'esm',
    outfile: files.browser,
    define: { global: 'globalThis' },
    inject: [shim],
    plugins: [replacements(leftOutInBrowsers, inBrowsers)],
  });
  const inputs = [node, browser].flatMap(({ metafile }) => Object.keys(metafile?.inputs ?? {}));
  return new Set(inputs.flatMap((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []));
}

function replacements(texts: Record<string, string>, packages: Record<string, string> = {}): Plugin {
  return {
    name: 'minspnet-client',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^zod$/ }, () => ({ path: 'zod', namespace: 'inert' }));
      onResolve({ filter: /\/payloads\.js$/ }, () => ({ path: join(repository, 'dist/packaging/client/payloads.js') }));
      onResolve({ filter: /\/generated-schemas\.js$/ }, () => ({ path: 'schemas', namespace: 'generated' }));
      onResolve({ filter: /./ }, ({ path }) => {
        if (path in texts) return { path, namespace: 'left-out' };
        return packages[path] === undefined ? undefined : { path: packages[path] };
      });
      onLoad({ filter: /./, namespace: 'inert' }, () => ({ contents: inertZod }));
      onLoad({ filter: /./, namespace: 'generated' }, () => ({ contents: schemasModule() }));
      onLoad({ filter: /./, namespace: 'left-out' }, ({ path }) => ({
        contents: texts[path] ?? '',
        resolveDir: modules,
      }));
      // Of its package.json mqtt.js shows the version only.
      onLoad({ filter: /mqtt\/package\.json$/ }, async ({ path }) => {
        const { version } = JSON.parse(await readFile(path, 'utf8'));
        return { contents: JSON.stringify({ version }), loader: 'json' };
      });
    },
  };
}

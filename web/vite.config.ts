import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
// Vite: bundles, hashes and shrinks the page; what most Preact projects build with.
import { defineConfig, type Plugin } from 'vite';

const web = fileURLToPath(new URL('.', import.meta.url));
const contract = fileURLToPath(new URL('../src/contract/', import.meta.url));

/** The page may import the contract, but no zod with it (types are gone before a bundler sees them), and nothing else of `src/`. */
function refuseDaemonCode(): Plugin {
  return {
    name: 'refuse-daemon-code',
    enforce: 'pre',
    resolveId(specifier, importer) {
      if (importer === undefined || importer.includes('/node_modules/')) return;
      const wanted = specifier.startsWith('.') ? join(dirname(importer), specifier) : specifier;
      const isOurs = wanted.startsWith(web) || wanted.startsWith(contract) || wanted.includes('/node_modules/');
      if (wanted !== 'zod' && (isOurs || !specifier.startsWith('.'))) return;
      throw new Error(`${importer} imports ${specifier}: the page may have types (import type) and no more of that`);
    },
  };
}

export default defineConfig({
  root: web,
  base: './',
  plugins: [refuseDaemonCode()],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../dist/page',
    emptyOutDir: true,
    target: 'es2022',
    // A picture or a font inside a script or a style sheet would want a looser Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // Of what is bundled: MIT asks that its text goes along.
    license: { fileName: 'licences.md' },
  },
  server: { proxy: { '/api': { target: 'http://127.0.0.1:8787', ws: true } } },
});

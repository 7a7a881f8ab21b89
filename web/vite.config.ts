import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
// Vite: bundles, hashes and shrinks the page; what most Preact projects build with.
import { defineConfig, type Plugin } from 'vite';

const web = fileURLToPath(new URL('.', import.meta.url));

/**
 * The page may import types of the contract only: they are gone before a bundler sees them. Anything else of `src/` would
 * bring zod, or Node's modules, into the browser.
 */
function refuseDaemonCode(): Plugin {
  return {
    name: 'refuse-daemon-code',
    enforce: 'pre',
    resolveId(specifier, importer) {
      if (!specifier.startsWith('.') || !importer?.startsWith(web)) return;
      const wanted = join(dirname(importer), specifier);
      if (wanted.startsWith(web) || wanted.includes('/node_modules/')) return;
      throw new Error(
        `${relative(web, importer)} imports ${relative(dirname(web), wanted)}: only types, please (import type)`,
      );
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
  },
  server: { proxy: { '/api': { target: 'http://127.0.0.1:8787', ws: true } } },
});

// TensorFlow.js: gradients and an optimiser whose matrix products run in WebAssembly, with nothing native to install.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export type TensorFlow = typeof import('@tensorflow/tfjs-core');

export interface Backend {
  tf: TensorFlow;
  /** What computes, for people. */
  name: string;
  /** Why a faster one doesn't, a line each. */
  notes: string[];
}

/**
 * TensorFlow.js on the fastest backend that loads: `@tensorflow/tfjs-node` where somebody has installed it (it is no
 * dependency: its library is a download of its own, for x86 with AVX only), else WebAssembly, else plain JavaScript.
 */
export async function loadTensorFlow(): Promise<Backend> {
  const require = createRequire(import.meta.url);
  const notes: string[] = [];
  const attempts: [name: string, load: () => Promise<TensorFlow>][] = [
    ['TensorFlow’s own library (@tensorflow/tfjs-node)', async () => require('@tensorflow/tfjs-node')],
    ['WebAssembly (@tensorflow/tfjs-backend-wasm)', () => loadWasm(require)],
    ['JavaScript (@tensorflow/tfjs-backend-cpu)', () => loadPlain(require)],
  ];
  for (const [name, load] of attempts) {
    try {
      return { tf: await load(), name, notes };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const why = code === 'MODULE_NOT_FOUND' ? 'not installed' : message.split('\n')[0];
      notes.push(`${name}: ${why}`);
    }
  }
  throw new Error(`no backend of TensorFlow.js loads: ${notes.join('; ')}`);
}

async function loadWasm(require: NodeJS.Require): Promise<TensorFlow> {
  const tf: TensorFlow = require('@tensorflow/tfjs-core');
  const wasm = require('@tensorflow/tfjs-backend-wasm') as typeof import('@tensorflow/tfjs-backend-wasm');
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false); // threads of its own would take the cameras' cores
  wasm.setWasmPaths(join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm')), '/'));
  return await use(tf, 'wasm');
}

async function loadPlain(require: NodeJS.Require): Promise<TensorFlow> {
  const tf: TensorFlow = require('@tensorflow/tfjs-core');
  require('@tensorflow/tfjs-backend-cpu');
  return await use(tf, 'cpu');
}

async function use(tf: TensorFlow, backend: string): Promise<TensorFlow> {
  if (!(await tf.setBackend(backend))) throw new Error(`its backend ${backend} does not start`);
  await tf.ready();
  return tf;
}

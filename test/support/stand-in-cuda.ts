import '../../src/pipeline/no-telemetry.js';
import { isMainThread } from 'node:worker_threads';

// For `node --import`: a binding that takes `cuda` on a machine without a GPU, and has the CPU compute. What the native
// code is asked for is all that is another: which file it is given, and what is said of it, is the program's own doing.
if (isMainThread) {
  const { InferenceSession } = await import('onnxruntime-node');
  const create = InferenceSession.create.bind(InferenceSession);
  InferenceSession.create = ((path: string, options: object) =>
    create(path, { ...options, executionProviders: ['cpu'] })) as typeof InferenceSession.create;
}

import { parentPort, workerData } from 'node:worker_threads';
import { CaptureThread } from './capture-thread.js';
import type { CaptureWorkerData } from './messages.js';

// What the thread runs: see capture.ts.
if (parentPort !== null) new CaptureThread(parentPort, workerData as CaptureWorkerData).start();

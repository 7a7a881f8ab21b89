import type { FaultRow } from './row.js';
import { rpicamRows } from './rpicam-rows.js';
import { rtspRows } from './rtsp-rows.js';
import { standingRows } from './standing-rows.js';
import { streamRows } from './stream-rows.js';

/** All faults of a live camera, by what they are called. */
export const faultRows: Readonly<Record<string, FaultRow>> = {
  ...rtspRows,
  ...standingRows,
  ...streamRows,
  ...rpicamRows,
};

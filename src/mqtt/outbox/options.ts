import type { StateError } from '../../contract/errors.js';
import type { Disk } from './segment.js';

export interface OutboxOptions {
  /** A directory of its own; made if it is missing. */
  directory: string;
  /** Beyond these the oldest events are given up, a segment at a time, and the gap is told. */
  maxEvents: number;
  /** As stored. */
  maxBytes: number;
  /** Older than that they are given up, too, within a hundredth of it; ms. No limit by default. */
  maxAgeMs?: number;
  /** Each event reaches the disk itself before it may be published. */
  fsync: boolean;
  /** UTC, and milliseconds that pass whatever is done to the clock. */
  now?: () => number;
  monotonic?: () => number;
  /** How long after a failed write the disk is tried again, ms. */
  retryMs?: number;
  disk?: Disk;
}

/** What an outbox tells. */
export interface OutboxEvents {
  /** `peek` has something that it had not before. */
  readable: [];
  /** What the owner should know of; the outbox goes on. */
  warning: [error: StateError];
  /** The disk takes events again. */
  recovered: [];
}

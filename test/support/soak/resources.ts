import { readdirSync } from 'node:fs';
import { rssBytes } from '../../../src/bench/processes.js';

/** What a process has of the machine. */
export interface Resources {
  pid: number;
  rssBytes: number;
  threads: number;
  descriptors: number;
}

/** Undefined if there is no such process any more. */
export function resourcesOf(pid: number): Resources | undefined {
  try {
    const count = (name: string) => readdirSync(`/proc/${pid}/${name}`).length;
    return { pid, rssBytes: rssBytes(pid), threads: count('task'), descriptors: count('fd') };
  } catch {
    return undefined;
  }
}

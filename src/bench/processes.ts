import { readFileSync } from 'node:fs';

/** Linux counts CPU time in these (sysconf(_SC_CLK_TCK), 100 on every board we know). */
const ticksPerSecond = 100;

/** User and system CPU seconds of a process since its start, all its threads. */
export function cpuSeconds(pid: number): number {
  // The command's name is in parentheses and may hold anything; the fields are counted from behind it.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Resident memory, bytes. */
export function rssBytes(pid: number): number {
  return statusBytes(pid, 'VmRSS');
}

/** The most that was ever resident, bytes. */
export function peakRssBytes(pid: number): number {
  return statusBytes(pid, 'VmHWM');
}

/** Process ids of the children of a process. */
export function children(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
}

/** The engine of a daemon, the one in force where a second one is being tried; undefined while there is none. */
export function engineOf(pid: number): number | undefined {
  return children(pid).find((child) => commandOf(child).some((word) => word.endsWith('engine/main.js')));
}

/** The words of a process's command line; none of one that has ended. */
function commandOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

function statusBytes(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}

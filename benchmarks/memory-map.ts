import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** What is resident of a process, bytes by what it is: a file's name, or what has none. */
export type MemoryMap = Map<string, number>;

/** Reads `/proc/<pid>/smaps` (proc(5)). */
export function memoryMap(pid: number): MemoryMap {
  const map: MemoryMap = new Map();
  let name = '';
  for (const line of readFileSync(`/proc/${pid}/smaps`, 'utf8').split('\n')) {
    const [, path] = /^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+\s*(.*)$/.exec(line) ?? [];
    if (path !== undefined) name = nameOf(path);
    const kilobytes = /^Rss:\s+(\d+) kB$/.exec(line)?.[1];
    if (kilobytes !== undefined) map.set(name, (map.get(name) ?? 0) + Number(kilobytes) * 1024);
  }
  return map;
}

/** Memory that belongs to no file is the process's own; the C library's heap is apart from what V8 and threads have mapped. */
const heap = 'heap (malloc)';
const mapped = 'mapped (V8, threads, large blocks)';

function nameOf(path: string): string {
  if (path === '[heap]') return heap;
  return path.startsWith('/') ? basename(path) : mapped;
}

/** Of two processes together: a file that both have mapped lies in memory once. */
export function together(one: MemoryMap, other: MemoryMap): number {
  const names = new Set([...one.keys(), ...other.keys()]);
  return [...names].reduce((sum, name) => {
    const [a, b] = [one.get(name) ?? 0, other.get(name) ?? 0];
    return sum + (name === heap || name === mapped ? a + b : Math.max(a, b));
  }, 0);
}

/** The largest parts first; what is below a megabyte is one. */
export function describeMap(map: MemoryMap): string {
  const megabyte = 2 ** 20;
  const parts = [...map].toSorted(([, a], [, b]) => b - a);
  const small = parts.filter(([, bytes]) => bytes < megabyte).reduce((sum, [, bytes]) => sum + bytes, 0);
  const large = parts.filter(([, bytes]) => bytes >= megabyte);
  return [...large, ['rest', small] as const]
    .map(([name, bytes]) => `${name} ${(bytes / megabyte).toFixed(1)}`)
    .join(', ');
}

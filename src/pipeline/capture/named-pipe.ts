import { realpathSync, statSync } from 'node:fs';

/**
 * Whether it is a pipe with a path of its own, whose opening waits until somebody writes. One that the shell has made
 * (`… | minspnet detect /dev/stdin`, `<(…)`) has a writer already, and leads to no path.
 */
export function isNamedPipe(path: string): boolean {
  try {
    return statSync(path).isFIFO() && realpathSync.native(path) !== '';
  } catch {
    return false; // whoever opens it says why it can't be
  }
}

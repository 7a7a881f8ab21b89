import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The project's folder. Seen from dist/src/bench. */
const root = new URL('../../../', import.meta.url);

/** The arguments of Node with which `npm start` runs the daemon: its own options belong to what is measured. */
export function startCommand(): string[] {
  const { scripts } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
  const words = (scripts.start as string).split(' ');
  const args = words.slice(words.indexOf('node') + 1);
  return args.map((arg) => (arg.endsWith('.js') ? fileURLToPath(new URL(arg, root)) : arg));
}

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

/** Where the page is built to. Seen from dist/test/web. */
export const pageFolder = fileURLToPath(new URL('../../page', import.meta.url));

/** All that a browser may ever load of the page, and what it loads before the first picture. Bytes, gzipped. */
export function pageSize(folder = pageFolder): { all: number; first: number; files: [string, number][] } {
  const sizeOf = (path: string) => gzipSync(readFileSync(join(folder, path)), { level: 9 }).length;
  const html = readFileSync(join(folder, 'index.html'), 'utf8');
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.md'))
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  const files = paths.map((path): [string, number] => [path, sizeOf(path)]);
  const sum = (chosen: [string, number][]) => chosen.reduce((bytes, [, size]) => bytes + size, 0);
  return { all: sum(files), first: sum(files.filter(([path]) => path === 'index.html' || html.includes(path))), files };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { all, first, files } = pageSize();
  for (const [path, bytes] of files.sort((a, b) => b[1] - a[1])) console.log(`${String(bytes).padStart(7)} ${path}`);
  console.log(
    `${String(first).padStart(7)} before the first picture\n${String(all).padStart(7)} in all, bytes, gzipped`,
  );
}

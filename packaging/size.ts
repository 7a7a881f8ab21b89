/**
 * `npm run package:size`: what `npm install -g minspnet` takes on disk, for each processor, without Node. Ends with 1
 * where that is more than it may be.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesOnDisk, install, packagesBelow, usualRegistry } from './install.js';
import { packAll } from './npm-packages.js';
import { LocalRegistry } from './registry.js';
import { processors } from './shipped.js';

/** Bytes, on either processor. */
const mostBytes = 260e6;

const folder = await mkdtemp(join(tmpdir(), 'minspnet-size-'));
try {
  const packages = await packAll(join(folder, 'packages'));
  await using registry = await LocalRegistry.start(packages, await usualRegistry());
  for (const processor of processors) {
    const prefix = join(folder, processor);
    await install(['minspnet'], prefix, { registry: registry.url, processor });
    const program = join(packagesBelow(prefix), 'minspnet');
    const all = await bytesOnDisk(packagesBelow(prefix));
    console.log(`${processor}: ${megabytes(all)} on disk, at most ${megabytes(mostBytes)}`);
    for (const scope of ['@seydx', '@minspnet']) {
      const modules = join(program, 'node_modules', scope);
      for (const name of await readdir(modules)) {
        console.log(`  ${megabytes(await bytesOnDisk(join(modules, name)))} ${scope}/${name}`);
      }
    }
    if (all > mostBytes) process.exitCode = 1;
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** `npm run package:deb`: makes the Debian packages for amd64 and arm64, in packaging/out. */
import { rm, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { DebianTree } from './debian-package.js';
import { packAll } from './npm-packages.js';
import { processors, repository } from './shipped.js';

const out = join(repository, 'packaging/out');
const packages = await packAll(out);
for (const processor of processors) {
  const tree = await DebianTree.make(join(out, `debian-${processor}`), processor, packages);
  const file = await tree.build(out);
  await rm(tree.folder, { recursive: true });
  const { size } = await stat(file);
  console.log(`${relative(process.cwd(), file)}: ${(size / 1e6).toFixed(1)} MB`);
}

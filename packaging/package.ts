/** `npm run package`: makes the tarballs that are published, in packaging/out. */
import { stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { packAll } from './npm-packages.js';
import { repository } from './shipped.js';

const packages = await packAll(join(repository, 'packaging/out'));
for (const { name, version, file } of packages) {
  const { size } = await stat(file);
  console.log(`${relative(process.cwd(), file)}: ${name} ${version}, ${(size / 1e6).toFixed(1)} MB`);
}

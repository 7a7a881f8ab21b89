import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as client from '../../src/client/index.js';
import { repository } from '../shipped.js';
import { bundleClient } from './bundle.js';
import { writeTypes } from './types.js';

/** Makes what `minspnet-client` holds, in an empty folder. */
export async function makeClient(out: string): Promise<void> {
  await rm(out, { recursive: true, force: true });
  await mkdir(join(out, 'commonjs'), { recursive: true });
  const bundled = await bundleClient({ node: join(out, 'commonjs/index.js'), browser: join(out, 'browser.js') });
  await rm(join(out, 'browser.js.globals.mjs'));
  // One program may import it, and a library of it require it: both have the same classes then.
  const names = Object.keys(client).sort();
  await writeFile(
    join(out, 'index.js'),
    `import client from './commonjs/index.js';\nexport const { ${names.join(', ')} } = client;\n`,
  );
  await writeTypes(join(out, 'types'));
  await writeFile(join(out, 'commonjs/package.json'), '{ "type": "commonjs" }\n');
  await cp(join(out, 'types'), join(out, 'commonjs/types'), { recursive: true });
  await writeFile(join(out, 'LICENSES.txt'), await licencesOf(bundled));
}

async function licencesOf(packages: ReadonlySet<string>): Promise<string> {
  const parts: string[] = [];
  for (const name of [...packages].sort()) {
    const folder = join(repository, 'node_modules', name);
    const { version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    const file = (await readdir(folder)).find((one) => /^licen[cs]e/i.test(one));
    const text = file === undefined ? `Licence: ${license}` : (await readFile(join(folder, file), 'utf8')).trim();
    parts.push(`${name} ${version}\n\n${text}\n`);
  }
  return `The files beside this one hold parts of these packages.\n\n${parts.join('\n---\n\n')}`;
}

import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { makeReference, referenceFile } from '../src/commands/proof/self-test.js';
import { settingsSchema } from '../src/config/schema.js';
import { shippedModels } from '../src/model/list.js';

/**
 * `npm run reference`: writes beside each detector's card what this machine sees with it in the packed pictures, which is
 * what `minspnet proof` compares other boards with. To be run on x86-64 when a detector has changed.
 */
const { runtime } = settingsSchema.parse({});
for (const { card, folder } of await shippedModels('detect')) {
  const made = await makeReference(folder, runtime, `${process.arch}, ${cpus()[0]?.model}`);
  await writeFile(join(folder, referenceFile), `${JSON.stringify(made)}\n`);
  const { score, pixels } = made.tolerance;
  console.log(
    `${card.name} ${card.version}: ${made.frames.length} pictures, tolerance ${score} of score, ${pixels} px`,
  );
}

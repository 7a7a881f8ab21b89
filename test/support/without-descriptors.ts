// Run under `ulimit -n`: opens files until there are no descriptors left, then each source that is named, and prints the
// code of what it throws.
import { openSync } from 'node:fs';
import { createSource } from '../../src/pipeline/capture/create-source.js';
import { parseSource } from '../../src/pipeline/capture/source.js';

const warmed = createSource(parseSource('demo'));
await warmed.open(); // all code is loaded, and threads have what they need
await warmed[Symbol.asyncDispose]();
try {
  for (;;) openSync('/dev/null', 'r');
} catch {
  // there are none left
}
for (const name of process.argv.slice(2)) {
  try {
    await createSource(parseSource(name)).open();
    console.log(`${name} opened`);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    console.log(`${code} ${message}`);
  }
}
process.exit();

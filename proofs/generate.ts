import { writeFile } from 'node:fs/promises';
import { provenDocument } from './proven.js';

/** `npm run proven`: docs/proven.md anew; a test says when that has been forgotten. */
await writeFile('docs/proven.md', await provenDocument('proofs'));

import { readFileSync } from 'node:fs';
import t from 'tap';
import { exitCodeTable, exitMeanings } from '../../src/commands/guard.js';
import { type ExitReason, exitCodes } from '../../src/contract/errors.js';

t.test('docs/exit-codes.md is the table in the code', async (t) => {
  const documented = readFileSync('docs/exit-codes.md', 'utf8')
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .filter(([, code]) => code?.match(/^\d+$/))
    .map(([, ...cells]) => cells.slice(0, -1));
  const wanted = Object.entries(exitCodes).map(([name, code]) => [`${code}`, name, exitMeanings[name as ExitReason]]);
  t.strictSame(documented, wanted);
});

t.test('no two ways to end share a code, and a shell can hold each', async (t) => {
  const codes = Object.values(exitCodes);
  t.equal(new Set(codes).size, codes.length);
  for (const code of codes) t.ok(code >= 0 && code < 126);
});

t.test('--help says them all', async (t) => {
  for (const code of Object.values(exitCodes)) t.match(exitCodeTable(), new RegExp(`^ +${code}  \\S`, 'm'));
});

/**
 * `npm run bench:states`: the demo's gate is taught from pictures of other days, then watched for ten minutes by day, at
 * dusk, at night and in rain. Prints the wrong states and how late changes were told; ends with 1 where one is wrong
 * or later than two seconds. The clip is played as fast as the network takes it; times are those of its time stamps.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gatePictures, renderGate } from '../demo/gate.js';
import { teach } from '../src/commands/teach.js';
import { Redactor } from '../src/config/mask.js';
import { judgeStates, watchGate } from './gate-watch.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    pictures: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    base: { type: 'string', default: 'minspnet-s-cls' },
  },
});
/** The bar: told so long after the gate has come to rest, seconds. */
const mostSeconds = 2;

const folder = await mkdtemp(join(tmpdir(), 'minspnet-states-'));
try {
  process.env.STATE_DIRECTORY = join(folder, 'state');
  const seed = Number(values.seed);
  await gatePictures(join(folder, 'pictures'), Number(values.pictures), seed + 500);
  const say = (what: string) => process.stderr.write(`${what} …\n`); // it takes minutes
  const folders = ['open', 'closed'].map((name) => `${name}=${join(folder, 'pictures', name)}`);
  const usual = { base: values.base, json: false, fromEvents: false, again: false };
  await teach('gate', { ...usual, folder: folders }, new Redactor());
  say(`drawing ${values.seconds} s of the gate`);
  const truth = await renderGate(folder, Number(values.seconds), seed);
  say('watching it');
  const told = await watchGate(join(folder, 'gate.mp4'), truth.region, join(folder, 'state', 'models'));
  const { wrong, delays, seconds } = judgeStates(truth, told);
  const worst = Math.max(0, ...delays);
  console.log(
    `${truth.changes.length} changes in ${seconds} s: ${wrong.length} wrong states, told ${worst.toFixed(2)} s late at worst`,
  );
  for (const line of wrong) console.log(`  ${line}`);
  if (wrong.length > 0 || worst > mostSeconds) process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}

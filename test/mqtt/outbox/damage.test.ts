import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Random } from '../../../demo/random.js';
import { Outbox } from '../../../src/mqtt/outbox/outbox.js';
import { observation } from '../../support/events.js';
import { openOutbox, outboxDirectory, spanOf, take, takeAll } from '../../support/outbox.js';

const places = 1000;
const cameras = ['street', 'door'];
/** Of each camera: events, and how many of them were delivered. */
const given = 40;
const delivered = 13;
/** Ten events a segment. */
const options = { maxEvents: 320, maxBytes: 1e8, fsync: false };

/** What an outbox lies like after a clean stop, and when its process is killed. */
async function outboxes(t: Parameters<typeof outboxDirectory>[0]): Promise<string[]> {
  const clean = await outboxDirectory(t);
  const { outbox } = await openOutbox(t, clean, options);
  for (let i = 1; i <= given; i++) {
    for (const camera of cameras) outbox.append(observation({ camera, id: `${camera} ${i}` }));
  }
  for (const entry of await take(outbox, delivered * cameras.length)) outbox.ack(entry);
  await take(outbox, (given - delivered) * cameras.length);
  await new Promise((resolve) => setTimeout(resolve, 200)); // what was acknowledged is written
  const killed = await outboxDirectory(t);
  cpSync(clean, killed, { recursive: true, filter: (path) => !path.endsWith('lock') });
  await outbox.stop();
  return [clean, killed];
}

/** Flips a bit or cuts the end off, anywhere. */
function damage(directory: string, random: Random): string {
  const names = readdirSync(directory).sort();
  const files = names.map((name) => ({ name, bytes: readFileSync(join(directory, name)) }));
  let place = Math.floor(
    random.range(
      0,
      files.reduce((sum, { bytes }) => sum + bytes.length, 0),
    ),
  );
  for (const { name, bytes } of files) {
    if (place < bytes.length) {
      // An end that is cut off between two lines of a killed process's last file can't be told from an earlier kill.
      const isCut = random.range(0, 1) < 0.5 && bytes[place - 1] !== 0x0a;
      if (!isCut) bytes[place] = (bytes[place] ?? 0) ^ (1 << Math.floor(random.range(0, 8)));
      writeFileSync(join(directory, name), isCut ? bytes.subarray(0, place) : bytes);
      return `${name} ${isCut ? 'cut' : 'flipped'} at ${place}`;
    }
    place -= bytes.length;
  }
  return 'nothing';
}

/** What is wrong with what an outbox tells after damage; and numbers told as a gap that were never given. */
async function faultsOf(outbox: Outbox): Promise<{ wrong: string[]; neverGiven: number }> {
  const wrong: string[] = [];
  const fresh = new Map(cameras.map((camera) => [camera, outbox.append(observation({ camera, id: `${camera} new` }))]));
  const ends = new Map(cameras.map((camera) => [camera, delivered]));
  for (const entry of await takeAll(outbox)) {
    const { camera, from, to } = spanOf(entry);
    const end = ends.get(camera) ?? 0;
    if (from > end + 1) wrong.push(`${camera}: ${end + 1} to ${from - 1} is neither told nor a gap`);
    ends.set(camera, Math.max(end, to));
    if ('gap' in entry.record) continue;
    const id = `${camera} ${from === fresh.get(camera) ? 'new' : from}`;
    if (entry.record.observation.id !== id) wrong.push(`${id} is ${entry.record.observation.id}`);
    if (from <= end && end > delivered) wrong.push(`${camera} ${from} comes after ${end}`);
  }
  for (const [camera, seq] of fresh) {
    if (seq <= given) wrong.push(`${camera}: the number ${seq} is given again`);
    if (ends.get(camera) !== seq) wrong.push(`${camera}: ${seq} does not come`);
  }
  const neverGiven = [...fresh.values()].reduce((sum, seq) => sum + seq - given - 1, 0);
  return { wrong, neverGiven };
}

t.test(
  `bytes cut off or bits flipped at ${places} places: it opens, and every number is told once or as a gap`,
  async (t) => {
    const random = new Random(20261130);
    const bases = await outboxes(t);
    let harmed = 0;
    /** After a clean end; after a kill and a flipped bit; after a kill and a cut. */
    const neverGiven = { clean: 0, flipped: 0, cut: 0 };
    for (let i = 0; i < places; i++) {
      const directory = `${bases[0]}-${i}`;
      cpSync(bases[i % 2] ?? '', directory, { recursive: true });
      const what = damage(directory, random);
      const outbox = new Outbox({ directory, ...options });
      outbox.on('warning', () => harmed++);
      await outbox.start();
      const { wrong, neverGiven: more } = await faultsOf(outbox);
      neverGiven[i % 2 === 0 ? 'clean' : what.includes('cut') ? 'cut' : 'flipped'] += more;
      if (wrong.length > 0) t.fail(`${i} ${what}: ${wrong.join('; ')}`);
      await outbox.stop();
      rmSync(directory, { recursive: true });
    }
    t.ok(harmed > places * 0.9, `${harmed} of ${places} noticed`);
    t.comment(`told as gaps though never given: ${JSON.stringify(neverGiven)}`);
    t.equal(neverGiven.clean, 0, 'whatever is damaged after a clean end, the last number is known');
    t.ok(neverGiven.flipped < 10 * places, 'a flipped bit costs few numbers');
  },
);

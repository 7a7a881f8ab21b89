import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateSync } from 'node:zlib';
import t from 'tap';
import { teach } from '../../src/commands/teach.js';
import { Redactor } from '../../src/config/mask.js';
import { colourPng } from '../support/colour-pictures.js';
import { writeColourClassifier } from '../support/onnx.js';
import { printed } from '../support/printed.js';
import { until } from '../support/until.js';

const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));
const folder = t.testdir({ red: {}, blue: {}, state: { models: {} } });
const state = join(folder, 'state');
writeColourClassifier(join(state, 'models', 'colours'));
process.env.STATE_DIRECTORY = state;
for (let i = 0; i < 6; i += 1) {
  const shade = 150 + 15 * i;
  colourPng(join(folder, 'red', `${i}.png`), [90, 60 + i], `rgb(${shade}, ${10 * i}, 40)`);
  colourPng(join(folder, 'blue', `${i}.png`), [90, 60 + i], `rgb(${10 * i}, 30, ${shade})`);
}
const folders = [`red=${join(folder, 'red')}`, `blue=${join(folder, 'blue')}`];
const teachIt = (options: object = {}) =>
  printed(() => {
    const usual = { base: 'colours', json: true, fromEvents: false, again: false, folder: folders };
    return teach('paint', { ...usual, ...options }, new Redactor());
  });
/** All versions, whole or begun. */
const versions = () => readdirSync(join(state, 'models')).filter((name) => name.startsWith('.paint@'));

/** A grey PNG of so many pixels a side, in a thousandth of their bytes. @param isWhole else it ends after a few rows */
function bomb(side: number, isWhole: boolean): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.set([8, 0], 8); // eight bits of grey
  const pixels = deflateSync(Buffer.alloc((side + 1) * (isWhole ? side : 4)));
  const chunks = [['IHDR', header] as const, ['IDAT', pixels] as const, ['IEND', Buffer.alloc(0)] as const];
  const parts = chunks.map(([type, data]) => {
    const content = Buffer.concat([Buffer.from(type), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(content));
    return Buffer.concat([length, content, sum]);
  });
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), ...parts]);
}

/** As PNG has it; Node's own is newer than Node 20. */
function crc32(bytes: Buffer): number {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return ~sum >>> 0;
}

/** `minspnet teach paint` in a process of its own. */
function start(into = state): ChildProcess {
  const args = [cli, 'teach', 'paint', '--base', 'colours', ...folders.flatMap((each) => ['--folder', each])];
  return spawn(process.execPath, args, { env: { ...process.env, MINSPNET_STATEDIRECTORY: into }, stdio: 'ignore' });
}

t.test('broken, empty, cut and huge files are left out by name, and nothing huge is decoded', async (t) => {
  const bad = join(folder, 'mixed');
  await cp(join(folder, 'red'), bad, { recursive: true });
  writeFileSync(join(bad, 'text.jpg'), 'no picture');
  writeFileSync(join(bad, 'empty.png'), '');
  writeFileSync(join(bad, 'bomb.png'), bomb(14_000, true));
  writeFileSync(join(bad, 'header.png'), bomb(20_000, false));
  writeFileSync(join(bad, 'cut.png'), bomb(400, false));
  symlinkSync('/dev/zero', join(bad, 'endless.png'));
  const said: string[] = [];
  const write = process.stderr.write;
  t.teardown(() => {
    process.stderr.write = write;
  });
  process.stderr.write = ((text: string) => said.push(text) > 0) as typeof write;
  const card = JSON.parse(await teachIt({ folder: [`red=${bad}`, folders[1]] }));
  process.stderr.write = write;
  t.match(card.measured.perClass, [
    { class: 'red', pictures: 6 },
    { class: 'blue', pictures: 6 },
  ]);
  const text = said.join('');
  for (const name of ['text.jpg', 'empty.png', 'bomb.png', 'header.png', 'cut.png'])
    t.match(text, `left out: ${join(bad, name)}: `);
  t.match(text, /bomb\.png: it has 14000x14000 pixels, more than 50 million/);
});

t.test(
  'killed at any moment: the model of before stands, and the next one cleans up',
  { timeout: 200_000 },
  async (t) => {
    await teachIt();
    const link = readlinkSync(join(state, 'models/paint'));
    const begun = () => versions().find((name) => name !== link && !name.endsWith('.link'));
    const pictures = (name: string) => {
      const root = join(state, 'models', name, 'pictures/blue');
      return existsSync(root) ? readdirSync(root).length : 0;
    };
    const moments: Record<string, () => boolean> = {
      'when its folder is there': () => begun() !== undefined,
      'when all pictures are read': () => pictures(begun() ?? '') === 6,
    };
    for (const [moment, isNow] of Object.entries(moments)) {
      const child = start();
      await until(isNow, 90_000);
      child.kill('SIGKILL');
      await once(child, 'exit');
      t.equal(readlinkSync(join(state, 'models/paint')), link, moment);
      t.ok(existsSync(join(state, 'models/paint/head.json')));
    }
    t.ok(versions().length > 1, 'it left something');
    await teachIt();
    t.equal(versions().length, 1, 'and that is gone');
  },
);

t.test('two processes at once: one is refused', { timeout: 200_000 }, async (t) => {
  const codes = await Promise.all([start(), start()].map(async (child) => (await once(child, 'exit'))[0] as number));
  t.strictSame(codes.toSorted(), [0, 73], 'EX_CANTCREAT, as ERR_TEACH_BUSY says');
  t.equal(versions().length, 1);
});

const disk = join(folder, 'disk');
mkdirSync(disk);
const isMounted =
  process.getuid?.() === 0 && spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=300k', 'tmpfs', disk]).status === 0;

t.test(
  'a full disk is said, and leaves the model of before',
  { skip: !isMounted && 'needs root, for a tmpfs' },
  async (t) => {
    t.teardown(() => {
      process.env.STATE_DIRECTORY = state;
      spawnSync('umount', [disk]);
    });
    writeColourClassifier(join(disk, 'models', 'colours'));
    process.env.STATE_DIRECTORY = disk;
    await teachIt();
    const listed = () => readdirSync(join(disk, 'models')).toSorted();
    const before = listed();
    const head = readlinkSync(join(disk, 'models/paint'));
    spawnSync('sh', ['-c', `head -c 1m /dev/zero > ${join(disk, 'ballast')}`]);
    await t.rejects(teachIt(), {
      code: 'ERR_TEACH_WRITE',
      message: /disk is full.*what was taught before is as it was/,
    });
    t.strictSame(listed(), before);
    t.equal(readlinkSync(join(disk, 'models/paint')), head);
  },
);

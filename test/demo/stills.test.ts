import t from 'tap';
import { CLASSES } from '../../demo/classes.js';
import { StillMaker } from '../../demo/stills.js';
import { tar } from '../../demo/tar.js';

const maker = new StillMaker(7);
// The last is a still life: nothing in it is an object.
const stills = [0, 1, 3].map((i) => maker.make(i));

t.test('a still is a JPEG of the stated size, labelled in the training data form', async (t) => {
  for (const { entry, jpeg } of stills) {
    t.same(Object.keys(entry).sort(), ['boxes', 'file', 'height', 'ignore', 'labelled', 'shard', 'source', 'width']);
    t.same(entry.labelled, CLASSES);
    t.equal(entry.source, 'demo');
    t.ok(Math.max(entry.width, entry.height) <= 352);
    t.equal(jpeg.readUInt16BE(0), 0xffd8);
    const frame = [0xc0, 0xc1, 0xc2].map((k) => jpeg.indexOf(Buffer.from([0xff, k]))).find((at) => at > 0) ?? -1;
    t.same([jpeg.readUInt16BE(frame + 7), jpeg.readUInt16BE(frame + 5)], [entry.width, entry.height]);
    for (const [x1, y1, x2, y2, name] of [...entry.boxes, ...entry.ignore]) {
      t.ok(x1 >= 0 && y1 >= 0 && x1 < x2 && y1 < y2 && x2 <= entry.width && y2 <= entry.height);
      t.ok(CLASSES[name] !== undefined);
    }
  }
});

t.test('a still life has no object, and is one picture after the other', async (t) => {
  t.same(stills[2]?.entry.boxes, []);
  t.same(stills[2]?.entry.ignore, []);
  t.notOk(maker.make(7).jpeg.equals(maker.make(3).jpeg));
});

t.test('a seed and a number are a picture', async (t) => {
  const again = new StillMaker(7).make(1);
  t.same(again.entry, stills[1]?.entry);
  t.ok(again.jpeg.equals(stills[1]?.jpeg ?? Buffer.alloc(0)));
  t.notOk(stills[0]?.jpeg.equals(again.jpeg));
});

t.test('a tar archive has its members where the format wants them', async (t) => {
  const data = Buffer.from('hello');
  const archive = tar([{ name: 'demo/a.txt', data }]);
  t.equal(archive.length, 512 + 512 + 1024);
  t.equal(archive.toString('latin1', 0, 10), 'demo/a.txt');
  t.equal(Number.parseInt(archive.toString('latin1', 124, 135), 8), 5);
  t.equal(archive.toString('latin1', 257, 262), 'ustar');
  t.equal(archive.toString('latin1', 512, 517), 'hello');
});

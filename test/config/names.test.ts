import t from 'tap';
import { settingsSchema } from '../../src/config/schema.js';
import { reservedNames } from '../../src/contract/topics.js';

const source = 'demo';
const line = { from: [0, 0], to: [1, 1] };
const zone = {
  polygon: [
    [0, 0],
    [1, 0],
    [1, 1],
  ],
};

/** Each place where somebody names something that becomes a level of a topic, or a part of a payload. */
const places: Record<string, (name: string) => unknown> = {
  node: (name) => ({ node: name }),
  baseTopic: (name) => ({ mqtt: { baseTopic: name } }),
  camera: (name) => ({ cameras: { [name]: { source } } }),
  zone: (name) => ({ cameras: { door: { source, zones: { [name]: zone } } } }),
  line: (name) => ({ cameras: { door: { source, lines: { [name]: line } } } }),
};

t.test('no name can break a topic', async (t) => {
  for (const [place, make] of Object.entries(places)) {
    t.ok(settingsSchema.safeParse(make('front-door_2')).success, `${place}: a name`);
    for (const name of [
      '',
      'a/b',
      'a+',
      '+',
      'a#',
      '#',
      'a b',
      'a\u0000',
      'a\u0007',
      'a\n',
      'ä',
      '$SYS',
      'x'.repeat(65),
    ]) {
      t.notOk(settingsSchema.safeParse(make(name)).success, `${place}: ${JSON.stringify(name)}`);
    }
  }
});

t.test('a camera can’t take the place of another topic', async (t) => {
  for (const name of reservedNames) t.notOk(settingsSchema.safeParse(places.camera?.(name)).success, name);
});

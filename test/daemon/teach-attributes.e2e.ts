import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { connect } from '../../src/client/index.js';
import type { Event } from '../../src/contract/event.js';
import type { RequestGives } from '../../src/contract/request.js';
import { Mosquitto, noMosquitto } from '../support/broker.js';
import { TestDaemon } from '../support/daemon.js';
import { until } from '../support/until.js';

const patience = { timeoutMs: 100_000 };

t.test(
  'crops of events are assigned and taught, and later events tell of it',
  { skip: noMosquitto, timeout: 230_000 },
  async (t) => {
    const broker = await new Mosquitto().start();
    t.teardown(() => broker.stop());
    const directory = t.testdir();
    const config = join(directory, 'minspnet.yaml');
    const classes = ['person', 'car', 'dog', 'motorcycle', 'truck', 'bus', 'cat'];
    const classifiers = { kind: { classes, model: 'kinds', minScore: 0, looks: 1 } };
    // At its own pace: what teaches has the lowest priority, and would wait for a clip that takes all there is.
    const cameras = { street: { source: 'demo', loop: true, segmenter: 'minspnet-s-seg' } };
    const settings = { node: 'porch', cameras, classifiers, http: { enabled: false }, mqtt: { url: broker.url } };
    await writeFile(config, JSON.stringify(settings));
    const client = await connect(broker.url);
    t.teardown(() => client.close());
    const events: Event[] = [];
    void (async () => {
      for await (const event of client.events()) events.push(event as Event);
    })();
    const daemon = new TestDaemon(['run', '-c', config], join(directory, 'state'));
    t.teardown(() => daemon.dispose());
    const ask = async <Name extends 'crops' | 'assign' | 'teach'>(name: Name, needs: Record<string, unknown>) =>
      (await client.request('porch', name, needs, patience)) as RequestGives<Name>;

    const idsOf = (isPerson: boolean, type: Event['type'] = 'new') =>
      events.flatMap((event) =>
        event.type === type && event.snapshot !== undefined && (event.class === 'person') === isPerson
          ? [event.id]
          : [],
      );
    await until(() => idsOf(true).length >= 2 && idsOf(false).length >= 2, patience.timeoutMs);
    t.ok(
      events.some(({ outline }) => outline !== undefined),
      'the camera’s segmenter outlines',
    );
    t.ok(
      events.every(({ attributes }) => attributes === undefined),
      'nothing is taught',
    );
    const { crops } = await ask('crops', { camera: 'street' });
    const known = crops.map(({ id }) => id);
    const [people, things] = [idsOf(true), idsOf(false)].map((ids) => ids.filter((id) => known.includes(id)));
    t.match(await ask('assign', { model: 'kinds', class: 'people', crops: [...(people ?? []), 'nobody-1'] }), {
      assigned: people?.length,
      missing: ['nobody-1'],
      pictures: { people: people?.length },
    });
    await ask('assign', { model: 'kinds', class: 'things', crops: things });
    t.notOk(existsSync(join(directory, 'state/crops')), 'no picture is kept that nobody has asked for');
    const taught = await ask('teach', { model: 'kinds' });
    t.strictSame([...taught.classes].sort(), ['people', 'things']);
    const told = () => events.filter(({ attributes }) => attributes?.kind !== undefined);
    await until(() => told().length >= 3, patience.timeoutMs);
    for (const { attributes } of told()) t.ok(taught.classes.includes(attributes?.kind?.class ?? ''));
    t.equal(daemon.children().length, 1, 'nobody teaches any more');
  },
);

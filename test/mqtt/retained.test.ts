import t from 'tap';
import { RetainedValues } from '../../src/mqtt/retained.js';

const contentType = 'application/json';

t.test('only the last value of a topic is sent, and all again to a new session', async (t) => {
  const values = new RetainedValues();
  values.set({ topic: 'a', payload: '1', contentType });
  values.set({ topic: 'b', payload: '1', contentType });
  values.set({ topic: 'a', payload: '2', contentType });
  t.same([values.takeUnsent()?.payload, values.takeUnsent()?.payload, values.takeUnsent()], ['1', '2', undefined]);
  t.ok(values.allSent);
  values.resend();
  t.same([values.takeUnsent()?.topic, values.takeUnsent()?.topic, values.takeUnsent()], ['b', 'a', undefined]);
});

t.test('the oldest snapshots go when all together are too large', async (t) => {
  const values = new RetainedValues();
  const payload = Buffer.alloc(1024 * 1024);
  values.set({ topic: 'state', payload: 'x', contentType });
  for (let i = 0; i < 6; i++) {
    values.set({ topic: `snapshot ${i}`, payload, contentType: 'image/jpeg', track: `t${i}` });
  }
  t.same(
    ['state', ...Array.from({ length: 6 }, (_, i) => `snapshot ${i}`)].map((topic) => values.get(topic) !== undefined),
    [true, false, false, true, true, true, true],
  );
});

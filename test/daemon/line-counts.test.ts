import t from 'tap';
import { LineCounts } from '../../src/daemon/line-counts.js';
import { observation } from '../support/events.js';

const crossing = (values: object = {}) =>
  observation({ type: 'crossing', line: 'gate', direction: 'a-to-b', counts: {}, ...values } as object);

t.test('who has crossed is counted over classes and engines, and told with the last state', async (t) => {
  const lines = new LineCounts();
  const state = { camera: 'street', at: '', counts: { person: 2 }, moving: 1, zones: { yard: {} } };
  t.strictSame(lines.add(state), state, 'nobody has crossed yet');
  t.equal(lines.crossed(observation()), undefined);
  t.match(lines.crossed(crossing()), { counts: { person: 2 }, lines: { gate: { 'a-to-b': 1, 'b-to-a': 0 } } });
  lines.crossed(crossing({ class: 'car' }));
  const told = lines.crossed(crossing({ direction: 'b-to-a', capturedAt: '2026-11-25T00:00:01.000Z' }));
  t.match(told, { at: '2026-11-25T00:00:01.000Z', lines: { gate: { 'a-to-b': 2, 'b-to-a': 1 } } });
  t.match(
    lines.add({ ...state, counts: {} }).lines,
    { gate: { 'a-to-b': 2 } },
    'another engine begins with nobody in view',
  );
  t.strictSame(Object.keys(lines.crossed(crossing({ camera: 'hall' }))?.lines ?? {}), ['gate'], 'each camera its own');
});

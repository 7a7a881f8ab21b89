import t from 'tap';
import { type Event, event } from '../../src/contract/event.js';

const crossing: Event = {
  type: 'crossing',
  camera: 'street',
  id: 'a1-7',
  class: 'car',
  score: 0.7,
  bestScore: 0.9,
  box: [0.1, 0.2, 0.3, 0.4],
  zones: [],
  speed: 0.2,
  stationary: false,
  ageMs: 900,
  capturedAt: '2026-11-24T12:00:00.000Z',
  capturedMonotonicMs: 1234.5,
  line: 'road',
  direction: 'a-to-b',
  counts: { 'a-to-b': 1, 'b-to-a': 0 },
  stream: 'aGVsbG8h',
  seq: 1,
  publishedAt: '2026-11-24T12:00:00.020Z',
  publishedMonotonicMs: 1254.5,
  replayed: false,
};

t.test('a whole event passes unchanged', async (t) => {
  t.strictSame(event.parse(crossing), crossing);
});

t.test('an event without its own facts is refused', async (t) => {
  const { line: _, ...withoutLine } = crossing;
  t.match(event.safeParse(withoutLine).error?.issues, [{ path: ['line'] }]);
});

t.test('a box outside the picture is refused', async (t) => {
  t.match(event.safeParse({ ...crossing, box: [0, 0, 1.2, 1] }).error?.issues, [{ path: ['box', 2] }]);
});

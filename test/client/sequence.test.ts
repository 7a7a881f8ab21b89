import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { type MissingEvents, Sequence, type SequenceOptions } from '../../src/client/sequence.js';
import type { Event, EventMessage } from '../../src/contract/event.js';
import { observation } from '../support/events.js';

function event(seq: number, stream = 'a'): Event {
  const delivery = { publishedAt: '2026-11-25T00:00:00.000Z', publishedMonotonicMs: 1, replayed: false };
  return { ...observation({ id: `t${seq}` }), stream, seq, ...delivery };
}

function gap(from: number, to: number): EventMessage {
  return { type: 'gap', camera: 'street', from, to, at: '2026-11-25T00:00:00.000Z' };
}

/** `1` for an event, `announced 2-4` for a gap. */
function told(message: Event | MissingEvents): string {
  return message.type === 'gap' ? `${message.reason} ${message.from}-${message.to}` : String(message.seq);
}

/** What comes of these messages, before any time-out. */
function play(messages: EventMessage[], options: Partial<SequenceOptions> = {}) {
  const delivered: string[] = [];
  const deliver = (message: Event | MissingEvents) => delivered.push(told(message));
  const sequence = new Sequence({ camera: 'street', reorderMs: 20, shared: false, deliver, ...options });
  for (const message of messages) sequence.take(message);
  return { sequence, delivered };
}

t.test('each event once, whatever comes twice', async (t) => {
  const { sequence, delivered } = play([1, 2, 3, 2, 3, 4, 4, 1].map((seq) => event(seq)));
  t.same(delivered, ['1', '2', '3', '4']);
  t.equal(sequence.duplicates, 4);
  t.same(sequence.position, { stream: 'a', seq: 4 });
});

t.test('who comes later begins where the others are', async (t) => {
  t.same(play([event(41), event(42)]).delivered, ['41', '42']);
});

t.test('in order, whatever overtakes', async (t) => {
  const { sequence, delivered } = play([1, 4, 3, 5, 3, 2, 6].map((seq) => event(seq)));
  t.same(delivered, ['1', '2', '3', '4', '5', '6']);
  t.equal(sequence.duplicates, 1);
});

t.test('an announced gap takes the place of what it speaks of', async (t) => {
  t.same(play([event(1), gap(2, 4), event(5)]).delivered, ['1', 'announced 2-4', '5']);
  t.same(
    play([event(1), event(2), gap(1, 4), event(5)]).delivered,
    ['1', '2', 'announced 3-4', '5'],
    'only what is missing',
  );
  t.same(play([event(1), event(3), gap(2, 2), event(4)]).delivered, ['1', 'announced 2-2', '3', '4'], 'told of later');
  t.same(play([event(1), event(2), gap(1, 2), event(3)]).delivered, ['1', '2', '3'], 'nothing is missing');
  t.same(play([gap(1, 9), event(10)]).delivered, ['announced 1-9', '10'], 'first of all');
});

t.test('a hole is waited for, and then told of, each with its own time', async (t) => {
  const { sequence, delivered } = play([event(1), event(3)], { reorderMs: 50 });
  t.same(delivered, ['1']);
  await sleep(70);
  t.same(delivered, ['1', 'missed 2-2', '3']);
  sequence.take(event(5));
  await sleep(30);
  sequence.take(event(7));
  sequence.take(event(4));
  t.same(delivered.slice(3), ['4', '5']);
  await sleep(30);
  t.same(delivered.slice(5), [], 'the hole at 6 is younger than the one that was filled');
  await sleep(40);
  t.same(delivered.slice(5), ['missed 6-6', '7']);
  sequence.take(event(6));
  t.equal(delivered.length, 7, 'too late');
});

t.test('what is held is bounded', async (t) => {
  const { sequence, delivered } = play([event(1), ...Array.from({ length: 1001 }, (_, i) => event(i + 3))]);
  t.same(delivered.slice(0, 3), ['1', 'missed 2-2', '3']);
  t.equal(delivered.length, 1003);
  sequence.flush();
});

t.test('a board that counts anew is heard again, and what was missed of its new numbers is told of', async (t) => {
  t.same(play([event(100), event(1, 'b'), event(2, 'b')]).delivered, ['100', '1', '2']);
  const { sequence, delivered } = play([event(100), event(102), event(3, 'b')]);
  sequence.flush();
  t.same(delivered, ['100', 'missed 101-101', '102', 'missed 1-2', '3']);
});

t.test('goes on where an earlier run had got to', async (t) => {
  const after = { stream: 'a', seq: 5 };
  t.same(play([event(4), event(5), event(6)], { after }).delivered, ['6']);
  const { sequence, delivered } = play([event(8)], { after });
  sequence.flush();
  t.same(delivered, ['missed 6-7', '8']);
});

t.test('where others share the events, holes say nothing, and each is had once all the same', async (t) => {
  const { delivered } = play([event(1), event(5), event(3), event(5), event(9)], { shared: true });
  t.same(delivered, ['1', '5', '3', '9']);
});

import t from 'tap';
import { BrokerChoice } from '../../src/mqtt/broker-choice.js';

const options = {
  url: 'mqtt://first',
  fallbackUrls: ['mqtt://second', 'mqtt://third'],
  backoff: { initialMs: 100, factor: 2, maxMs: 400, jitter: 0 },
  random: () => 0,
};

t.test('the others are tried at once while the first is away, then it waits, longer each round', async (t) => {
  const choice = new BrokerChoice(options);
  const tried = Array.from({ length: 8 }, () => {
    choice.ended(false);
    const pauseMs = choice.next(false, false);
    return [choice.broker.shown, pauseMs];
  });
  t.strictSame(tried, [
    ['mqtt://second', 0],
    ['mqtt://third', 0],
    ['mqtt://first', 100],
    ['mqtt://second', 0],
    ['mqtt://third', 0],
    ['mqtt://first', 200],
    ['mqtt://second', 0],
    ['mqtt://third', 0],
  ]);
  t.equal(choice.next(true, false), 400, 'after a session the first comes first');
  t.equal(choice.isFirst, true);
  choice.becameStable();
  t.equal(choice.next(true, false), 100);
});

t.test('where there is another one of our name, we stay away for longer each time', async (t) => {
  const choice = new BrokerChoice(options);
  t.equal(choice.stableMs, 10_000);
  t.strictSame(
    Array.from({ length: 7 }, () => choice.next(true, true)),
    [400, 800, 1600, 3200, 6400, 8000, 8000],
  );
  t.equal(choice.stableMs, 16_000, 'twice as long as the other one may stay away');
  choice.becameStable();
  t.equal(choice.next(true, true), 400);
});

t.test(
  'three sessions in a row that did not last are no chance; an attempt without a session begins anew',
  async (t) => {
    const choice = new BrokerChoice(options);
    t.strictSame(
      [true, true, false, true, true, true].map((wasConnected) => choice.ended(wasConnected)),
      [false, false, false, false, false, true],
    );
  },
);

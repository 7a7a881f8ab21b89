import t from 'tap';
import { BrokerChoice } from '../../src/session/broker-choice.js';

const brokers = ['mqtt://first', 'mqtt://second', 'mqtt://third'].map((shown) => ({
  shown,
  connectOptions: () => ({}),
}));
const choose = (some = brokers) =>
  new BrokerChoice(some, { initialMs: 100, factor: 2, maxMs: 400, jitter: 0 }, () => 0);

t.test('the others are tried at once while the first is away, then it waits, longer each round', async (t) => {
  const choice = choose();
  const tried = Array.from({ length: 8 }, () => {
    choice.ended(false);
    const pauseMs = choice.next(false, false);
    return [choice.shown, pauseMs];
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
  const choice = choose();
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
    const choice = choose();
    t.strictSame(
      [true, true, false, true, true, true].map((wasConnected) => choice.ended(wasConnected)),
      [false, false, false, false, false, true],
    );
  },
);

t.test('each broker has a version of its own', async (t) => {
  const choice = choose();
  t.equal(choice.connectOptions().protocolVersion, 5);
  t.ok(choice.fallBack());
  t.equal(choice.connectOptions().protocolVersion, 4);
  t.notOk(choice.fallBack(), 'there is none before 3.1.1');
  choice.next(false, false);
  t.equal(choice.version, 5);
});

t.test(
  'a file that can’t be read for a moment: what was read before will do; at the start it is an error',
  async (t) => {
    let ca = 'old';
    const connectOptions = () => {
      if (ca === '') throw new Error('no such file');
      return { ca };
    };
    const choice = choose([{ shown: 'mqtts://first', connectOptions }]);
    ca = '';
    t.match(choice.connectOptions(), { ca: 'old' });
    ca = 'new';
    t.match(choice.connectOptions(), { ca: 'new' });
    ca = '';
    t.throws(() => choose([{ shown: 'mqtts://first', connectOptions }]), /no such file/);
  },
);

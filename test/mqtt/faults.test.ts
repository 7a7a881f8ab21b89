import t from 'tap';
import { brokers } from '../support/broker.js';
import { brokerSilent, diskFull, noTmpfs, outboxDamaged, takenOver } from '../support/mqtt-faults.js';

// A few of each here, as in outage.test.ts; test/faults/mqtt.ts makes many, and prints the figures.

const unharmed = { lost: 0, outOfOrder: 0, reused: 0, toldLost: 0 };

for (const [name, start] of Object.entries(brokers)) {
  t.test(`with ${name}`, async (t) => {
    const broker = await start();
    t.teardown(() => broker.stop());

    t.test('a broker that takes everything and never answers loses nothing', async (t) => {
      const figures = await brokerSilent(broker, 2);
      t.match(figures, { ...unharmed, heard: figures.sent, clientDuplicates: 0 });
    });

    t.test('another client of our id: we stay away for a while, do not fight, and lose nothing', async (t) => {
      const figures = await takenOver(broker, 3);
      t.match(figures, { ...unharmed, heard: figures.sent, clientDuplicates: 0, fights: 0 });
    });

    t.test('an outbox that is cut or has a bit flipped: what is gone is told of', async (t) => {
      t.match(await outboxDamaged(broker, 3), { lost: 0, outOfOrder: 0, reused: 0, clientDuplicates: 0 });
    });

    t.test('a disk that is full, and has room again', { skip: noTmpfs }, async (t) => {
      const figures = await diskFull(broker, 2);
      t.match(figures, { ...unharmed, heard: figures?.sent, clientDuplicates: 0 });
    });
  });
}

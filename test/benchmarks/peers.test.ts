import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { modelCard } from '../../src/contract/model-card.js';

const ours = ['person', 'bicycle', 'car', 'motorcycle', 'bus', 'truck', 'cat', 'dog'];

for (const peer of readdirSync('benchmarks/peers')) {
  t.test(`the card of ${peer} is one, and names our classes as we do`, async (t) => {
    const card = modelCard.parse(JSON.parse(readFileSync(`benchmarks/peers/${peer}/card.json`, 'utf8')));
    t.equal(card.name, peer);
    t.strictSame(
      ours.filter((name) => !card.classes.includes(name)),
      [],
    );
    t.equal(new Set(card.classes).size, 80);
  });
}

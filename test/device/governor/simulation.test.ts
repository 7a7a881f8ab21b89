import t from 'tap';
import { instantScenarios, simulateInstant } from '../../../benchmarks/governor/instant.js';
import { scenarios } from '../../../benchmarks/governor/scenarios.js';
import { seeded, simulate } from '../../../benchmarks/governor/simulate.js';

/** What `npm run bench:governor` prints, on other noise. */
for (const scenario of scenarios) {
  t.test(`${scenario.name}, ${scenario.air.reduce((sum, { hours }) => sum + hours, 0)} hours`, async (t) => {
    const outcome = simulate(scenario, seeded(77));
    t.comment(JSON.stringify(outcome));
    t.ok(outcome.worstOver <= 2, 'the chip is never more than 2 °C above the limit');
    t.ok(outcome.pictures >= 0.9 * outcome.perfect, '90 % of what a perfect controller gets');
    // A cycle would go on for as long as the air stays as it is.
    t.equal(outcome.lateReversals, 0, 'long after a change of the air the rate does not turn');
    t.ok(outcome.reversals <= scenario.air.length + 1, 'each change of the air may turn it, and so may the start');
    t.ok(outcome.sizeChanges <= 2 * scenario.air.length, 'nor does the size');
  });
}

for (const scenario of instantScenarios) {
  t.test(`${scenario.name}: what follows at once, and is noisy`, async (t) => {
    const outcome = simulateInstant(scenario, seeded(77));
    t.comment(JSON.stringify(outcome));
    t.ok(outcome.pictures >= 0.9 * outcome.perfect, '90 % of what a perfect controller gets');
    t.ok(outcome.reversals <= 40, 'noise does not make it swing: with a fixed filter it turned up to 500 times');
    t.ok(outcome.overSeconds <= 300, 'above the limit only until it has seen that a picture costs more');
  });
}

t.test('the smaller input comes when rate alone won’t do, and not otherwise', async (t) => {
  const smaller = (name: RegExp) => {
    const scenario = scenarios.find((candidate) => name.test(candidate.name));
    if (scenario === undefined) throw new TypeError(`no ${name}`);
    return simulate(scenario, seeded(5)).smaller;
  };
  t.ok(smaller(/heat wave/) > 0.2);
  t.equal(smaller(/cool day/), 0);
  t.equal(smaller(/finned/), 0);
});

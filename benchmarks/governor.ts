/**
 * `npm run bench:governor`: the governor against simulated boards, hours in seconds. The same figures are asserted in
 * test/device/governor/simulation.test.ts.
 */
import { instantScenarios, simulateInstant } from './governor/instant.js';
import { scenarios } from './governor/scenarios.js';
import { seeded, simulate } from './governor/simulate.js';

const seeds = [1, 2, 3, 4, 5];

console.log(`worst of ${seeds.length} runs with different sensor noise; sensors are read every 5 s`);
console.log('  over: the chip itself above the limit, °C. pictures: of what a perfect controller gets, %.');
console.log('  turns: changes of direction of the rate, all / in the second half after each change of the air.\n');
console.log('  over  pictures     turns   rates  sizes  smaller  hours  board');
for (const scenario of scenarios) {
  const outcomes = seeds.map((seed) => simulate(scenario, seeded(seed)));
  const worst = worstOf(outcomes);
  const cells = [
    worst((one) => one.worstOver)
      .toFixed(2)
      .padStart(6),
    (-100 * worst((one) => -one.pictures / one.perfect)).toFixed(1).padStart(9),
    `${worst((one) => one.reversals)} / ${worst((one) => one.lateReversals)}`.padStart(9),
    String(worst((one) => one.rateChanges)).padStart(7),
    String(worst((one) => one.sizeChanges)).padStart(6),
    `${(100 * worst((one) => one.smaller)).toFixed(0)} %`.padStart(8),
    String(outcomes[0]?.hours ?? 0).padStart(6),
    ` ${scenario.name}`,
  ];
  console.log(cells.join(' '));
}

console.log('\n  limits whose value follows the load at once; what a picture costs changes three times');
console.log('  above 2 % over   pictures  turns  hours');
for (const scenario of instantScenarios) {
  const outcomes = seeds.map((seed) => simulateInstant(scenario, seeded(seed)));
  const worst = worstOf(outcomes);
  const cells = [
    `${worst((one) => one.overSeconds)} s`.padStart(16),
    (-100 * worst((one) => -one.pictures / one.perfect)).toFixed(1).padStart(10),
    String(worst((one) => one.reversals)).padStart(6),
    String(outcomes[0]?.hours ?? 0).padStart(6),
    ` ${scenario.name}`,
  ];
  console.log(cells.join(' '));
}

function worstOf<Outcome>(outcomes: readonly Outcome[]): (of: (outcome: Outcome) => number) => number {
  return (of) => Math.max(...outcomes.map(of));
}

import t from 'tap';
import { Assignment } from '../../../src/pipeline/track/assign.js';
import { randomFrom } from './actors.js';

function solve(costs: number[][], limit: number): number[] {
  const assignment = new Assignment();
  return solveWith(assignment, costs, limit);
}

function solveWith(assignment: Assignment, costs: number[][], limit: number): number[] {
  const columns = costs[0]?.length ?? 0;
  assignment.resize(costs.length, columns);
  costs.forEach((row, i) => {
    row.forEach((cost, j) => {
      assignment.set(i, j, cost);
    });
  });
  return [...assignment.solve(costs.length, columns, limit)];
}

/** What a matching costs when a row left alone costs `limit`. */
function total(costs: number[][], columnOf: number[], limit: number): number {
  return columnOf.reduce((sum, column, row) => sum + (column < 0 ? limit : (costs[row]?.[column] ?? Number.NaN)), 0);
}

/** The least total over all partial matchings, by trying them all. */
function least(costs: number[][], limit: number, row = 0, taken = new Set<number>()): number {
  if (row === costs.length) return 0;
  let best = limit + least(costs, limit, row + 1, taken);
  costs[row]?.forEach((cost, column) => {
    if (taken.has(column) || cost >= limit) return;
    best = Math.min(best, cost + least(costs, limit, row + 1, new Set([...taken, column])));
  });
  return best;
}

t.test('the cheapest pair is given up where that is cheaper in all', async (t) => {
  t.strictSame(
    solve(
      [
        [0.1, 0.2],
        [0.2, 0.9],
      ],
      1,
    ),
    [1, 0],
  );
});

t.test('a forbidden pair is never made, and forbids no other', async (t) => {
  t.strictSame(solve([[1, 0.5]], 1), [1]);
  t.strictSame(solve([[1], [0.5]], 1), [-1, 0]);
  t.strictSame(solve([[Number.POSITIVE_INFINITY, Number.NaN]], 1), [-1]);
});

t.test('nothing to match', async (t) => {
  t.strictSame(solve([], 1), []);
  t.strictSame(solve([[], []], 1), [-1, -1]);
});

t.test('2000 random matrices: as good as trying all, no column twice, buffers reused', async (t) => {
  const random = randomFrom(1);
  const assignment = new Assignment();
  let wrong = 0;
  for (let round = 0; round < 2000; round++) {
    const rows = Math.floor(random() * 6);
    const columns = Math.floor(random() * 6);
    const costs = Array.from({ length: rows }, () => Array.from({ length: columns }, () => random() * 1.5));
    const columnOf = solveWith(assignment, costs, 1);
    const used = columnOf.filter((column) => column >= 0);
    const sound = new Set(used).size === used.length && columnOf.every((c, r) => c < 0 || (costs[r]?.[c] ?? 1) < 1);
    if (!sound || Math.abs(total(costs, columnOf, 1) - least(costs, 1)) > 1e-9) wrong++;
  }
  t.equal(wrong, 0);
});

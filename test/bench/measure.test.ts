import t from 'tap';
import { cpuMsPerStep, measureInTurns, turnMeans } from '../../src/bench/measure.js';

/** Works for so many milliseconds and writes down who did. */
function worker(name: string, ms: number, log: string[] = []) {
  return {
    name,
    async step(): Promise<undefined> {
      log.push(name);
      for (const until = performance.now() + ms; performance.now() < until; );
    },
  };
}

t.test('subjects take turns, and what is timed is their work', async (t) => {
  const log: string[] = [];
  const [a, b] = await measureInTurns([worker('a', 1, log), worker('b', 3, log)], { seconds: 1, turnMs: 50 });
  if (a === undefined || b === undefined) return t.fail('two results');
  t.ok(a.warmUp.runs >= 10 && a.warmUp.ms >= 1000, 'warmed up by number and by time');
  t.ok(a.turns.length >= 2 && a.turns.length === b.turns.length);
  const changes = log.filter((name, i) => name !== log[i - 1]).join('');
  t.match(changes, /^(ab)+$/);
  t.equal(log.length, a.ms.length + b.ms.length + a.warmUp.runs + b.warmUp.runs, 'every step is counted once');
  t.equal(a.at.length, a.ms.length);
  t.ok(Math.min(...a.ms) >= 1 && Math.min(...b.ms) >= 3);
  t.equal(
    a.turns.reduce((total, { steps }) => total + steps, 0),
    a.ms.length,
  );
  t.equal(turnMeans(b).length, b.turns.length);
  t.ok(turnMeans(b).every((mean) => mean >= 3));
  t.ok(cpuMsPerStep(b) > 0.1, 'busy waiting costs CPU, though on a busy machine less than its wall time');
});

t.test('a rate holds the subject back, and waiting is not its time', async (t) => {
  const [paced] = await measureInTurns([worker('a', 1)], { seconds: 1, fps: 50, turnMs: 200 });
  if (paced === undefined) return t.fail('a result');
  const seconds = paced.turns.reduce((total, { from, to }) => total + (to - from) / 1000, 0);
  t.ok(paced.ms.length <= seconds * 50 + paced.turns.length, `${paced.ms.length} steps in ${seconds} s`);
  t.ok(cpuMsPerStep(paced) < 20);
});

t.test('what fails is not swallowed', async (t) => {
  const bad = { name: 'bad', step: () => Promise.reject(new Error('no such layer')) };
  await t.rejects(measureInTurns([bad], { seconds: 1 }), /no such layer/);
});

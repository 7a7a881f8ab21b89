import { writeFile } from 'node:fs/promises';
import t from 'tap';
import { checkTuning } from '../../src/commands/doctor/model.js';
import {
  apOf,
  candidatesOf,
  choose,
  describe,
  rank,
  refuseSlowInt8,
  tooInaccurate,
} from '../../src/commands/tune/candidates.js';
import { runSearch } from '../../src/commands/tune.js';
import { withTuning } from '../../src/commands/tuned.js';
import { settingsSchema } from '../../src/config/schema.js';
import type { Candidate, Trial, TuningLimits } from '../../src/contract/tuning.js';
import { readBoard } from '../../src/device/board.js';
import { tuningKey, tuningPath, writeTuning } from '../../src/device/tuning-file.js';
import { loadModel } from '../../src/model/load.js';

t.setTimeout(300_000); // a slow machine's sessions need seconds to load and warm up

const limits: TuningLimits = { fps: 10, latencyMs: 100 };

function trial(over: Partial<Trial>): Trial {
  return {
    ...{ precision: 'fp32', size: [320, 192], threads: 1, spinning: false, provider: 'cpu', round: 0, samples: 100 },
    ...{ meanMs: 10, latencyMs: 20, latencyOf: 'p90', cpuPercent: 10, watts: null, ap: 0.2 },
    ...over,
  } as Trial;
}

t.test('one thread has nobody to spin for, and INT8 stands beside its twin', async (t) => {
  const { card } = await loadModel('minspnet-s', 'fp32');
  const all = candidatesOf(card, 4, ['cpu']);
  t.notOk(all.some(({ threads, spinning }) => threads === 1 && spinning));
  t.equal(all.length, card.input.sizes.length * 2 * 5, 'threads 1, 2, 4; the last two also spinning');
  t.strictSame(
    all.slice(0, 2).map(({ precision }) => precision),
    ['fp32', 'int8'],
  );
  t.equal(new Set(all.map(describe)).size, all.length);
});

t.test('INT8 that is not faster than its twin is refused, and so is what the card does not allow', async (t) => {
  const slow = refuseSlowInt8([trial({}), trial({ precision: 'int8', meanMs: 10.1, cpuPercent: 1 })]);
  t.match(slow[1]?.refused, /INT8 is not faster here: 10.10 ms, FP32 10.00 ms/);
  t.match(choose(slow, limits).choice, { precision: 'fp32' });
  t.equal(refuseSlowInt8([trial({}), trial({ precision: 'int8', meanMs: 9 })])[1]?.refused, undefined);
  const { card } = await loadModel('minspnet-s', 'fp32');
  const int8: Candidate = { precision: 'int8', size: [320, 192], threads: 1, spinning: false, provider: 'cpu' };
  t.type(apOf(card, int8.size, 'int8'), 'number');
  t.equal(tooInaccurate({ ...card, maxInt8ApLoss: 1 }, int8), undefined);
  const accuracy = [
    { set: 'a', size: [320, 192] as [number, number], precision: 'fp32' as const, ap: 0.3 },
    { set: 'a', size: [320, 192] as [number, number], precision: 'int8' as const, ap: 0.28 },
  ];
  t.match(tooInaccurate({ ...card, accuracy, maxInt8ApLoss: 0.01 }, int8), /loses 0.0200 AP .* allows 0.01/);
});

t.test('the limits come first, then accuracy, then CPU', async (t) => {
  const spinning = trial({ threads: 2, spinning: true, meanMs: 6, cpuPercent: 70 });
  const calm = trial({ threads: 2, meanMs: 7, cpuPercent: 11 });
  const accurate = trial({ size: [416, 256], ap: 0.23, meanMs: 30, cpuPercent: 30 });
  t.equal(rank([spinning, calm], limits)[0], calm);
  t.equal(rank([spinning, calm, accurate], limits)[0], accurate);
  t.equal(rank([spinning, calm, accurate], { ...limits, cpuPercent: 20 })[0], calm);
  t.equal(rank([spinning, calm], { ...limits, latencyMs: 21 })[0], calm);
  t.throws(() => choose([calm], { ...limits, cpuPercent: 5 }), {
    code: 'ERR_CONFIG_LIMITS',
    message: /11.0 % CPU > 5 %/,
  });
  t.throws(() => choose([calm], { ...limits, watts: 5 }), { message: /power could not be measured/ });
});

t.test('networks are measured in a process of their own, and halved down', async (t) => {
  const [fp32, int8] = [await loadModel('minspnet-s', 'fp32'), await loadModel('minspnet-s', 'int8')];
  const { runtime } = settingsSchema.parse({});
  const candidates = candidatesOf({ ...fp32.card, input: { ...fp32.card.input, sizes: [[192, 192]] } }, 2, ['cpu']);
  const rounds = new Set<number>();
  const task = { candidates, models: { fp32, int8 }, runtime, source: 'demo', limits, seconds: 0.1 };
  const { trials } = await runSearch(task, (round) => rounds.add(round));
  t.equal(trials.length, 6);
  t.ok(rounds.has(1), 'the better half was measured again');
  t.ok(
    trials.some(({ round }) => round === 0),
    'the other half was not',
  );
  for (const { samples, meanMs, cpuPercent } of trials) t.ok(samples > 0 && meanMs > 0 && cpuPercent > 0);
});

t.test('run takes what was chosen, but never over what a person has set', async (t) => {
  const stateDirectory = t.testdir();
  const { card } = await loadModel('minspnet-s', 'fp32');
  const settings = settingsSchema.parse({ stateDirectory, runtime: { threads: 1 } });
  const origins = (set: string[]) => (path: readonly (string | number)[]) =>
    set.includes(path.join('.')) ? ({ kind: 'argument', name: 'x' } as const) : ({ kind: 'default' } as const);
  const said: string[] = [];
  const say = (line: string) => void said.push(line);
  const originOf = origins(['runtime.threads']);
  const untuned = await withTuning({ settings, originOf }, say);
  t.equal(untuned.settings, settings, 'nothing was measured');
  t.match(untuned.tuning, { choice: null, reason: /run `minspnet tune`/ });
  t.strictSame(said, [], 'and that is nothing for the log');
  const choice = { precision: 'fp32', size: [192, 192], threads: 2, spinning: false, provider: 'cpu' } as const;
  const key = tuningKey(await readBoard(), card, settings.runtime);
  const evidence = { key, source: 'demo', limits, power: 'none', why: 'a test', trials: [trial({})] };
  const at = new Date().toISOString();
  await writeTuning(stateDirectory, { tuningVersion: 1, at, ...evidence, choice: { ...choice, size: [192, 192] } });
  const { settings: tuned, tuning } = await withTuning({ settings, originOf }, say);
  t.match(tuning, { model: 'minspnet-s', choice, kept: ['runtime.threads'], at, reason: 'a test' });
  t.match(await checkTuning({ settings, originOf }), {
    status: 'ok',
    message: /^fp32 192x192, 2 threads, cpu, but runtime.threads as the settings say \(measured /,
  });
  t.match(tuned, { model: { precision: 'fp32', size: [192, 192] }, runtime: { threads: 1, provider: 'cpu' } });
  t.match(said, [/^tuned {5}fp32 192x192, 2 threads, cpu, but runtime.threads as the settings say/]);
  const other = settingsSchema.parse({ stateDirectory, model: { path: 'minspnet-n' } });
  const others = await withTuning({ settings: other, originOf }, say);
  t.equal(others.settings, other, 'another model was not measured');
  t.match(await checkTuning({ settings: other, originOf }), { status: 'ok', message: /^none: .*only for others/ });
  t.match(others.tuning, { model: 'minspnet-n', choice: null, reason: /only for others/ });
  await writeFile(tuningPath(stateDirectory, key), '{"tuningVersion":0}');
  t.match(await withTuning({ settings, originOf }, say), { settings, tuning: { choice: null, reason: /damaged/ } });
  t.match(said.at(-1), /^tuned {5}no: .*damaged or of another version: run `minspnet tune` again/);
});

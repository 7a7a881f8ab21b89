import { type GateTruth, SLIDE_SECONDS } from '../demo/gate.js';
import { settingsSchema } from '../src/config/schema.js';
import { usualInputPixels } from '../src/contract/running-model.js';
import { Engine } from '../src/engine/engine.js';
import { loadClassifier } from '../src/model/classifier.js';
import { loadModel } from '../src/model/load.js';

/** A state that was told; seconds since the clip's first picture. */
export interface ToldState {
  state: string;
  seconds: number;
}

/** Plays a clip of the gate through the engine, as fast as it goes, and notes what is told of it. */
export async function watchGate(clip: string, region: GateTruth['region'], models: string): Promise<ToldState[]> {
  const states = { gate: { region, classes: ['open', 'closed'] } };
  const settings = settingsSchema.parse({ cameras: { yard: { source: clip, pace: 'max', states } } });
  const told: { state: string; at: number }[] = [];
  let ended: () => void = () => {};
  const end = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const engine = new Engine(
    {
      runId: 'gate',
      model: await loadModel('minspnet-n', 'auto'),
      runtime: settings.runtime,
      input: { pixels: usualInputPixels, reason: 'a benchmark' },
      cacheDirectory: '/nowhere',
      events: settings.events,
      cameras: settings.cameras,
      adjustments: {},
      secondaryModels: { classifiers: { gate: await loadClassifier('gate', 'auto', [models]) }, segmenters: {} },
    },
    (message, sent) => {
      if (message.kind === 'region-state') told.push({ state: message.state.state, at: Date.parse(message.state.at) });
      if (message.kind === 'capture' && message.state === 'ended') ended();
      sent?.();
    },
  );
  await engine.start();
  await end;
  await engine.stop('stopping');
  const startedAt = told[0]?.at ?? 0; // the first look is at the first picture
  return told.slice(0, -1).map(({ state, at }) => ({ state, seconds: (at - startedAt) / 1000 }));
}

/** @returns what was told wrong, and how long after each change the new state was told, seconds */
export function judgeStates(truth: GateTruth, told: readonly ToldState[]) {
  const seconds = truth.frames / truth.fps;
  const periods = [{ state: 'closed', from: 0, moves: 0, condition: 'day' }];
  for (const { frame, state, condition } of truth.changes) {
    const from = frame / truth.fps;
    periods.push({ state, from, moves: from - SLIDE_SECONDS, condition });
  }
  const wrong: string[] = [];
  const delays: number[] = [];
  periods.forEach(({ state, from, moves, condition }, i) => {
    const until = periods[i + 1]?.moves ?? seconds;
    const first = told.find((each) => each.state === state && each.seconds >= moves && each.seconds <= until);
    if (first !== undefined) delays.push(Math.max(0, first.seconds - from));
    else if (until - from > 2) wrong.push(`${state} from ${from.toFixed(1)} s on (${condition}) was never told`);
    for (const each of told) {
      const isDuring = each.seconds > Math.max(from, first?.seconds ?? from) && each.seconds < until;
      if (isDuring && each.state !== state) {
        wrong.push(`${each.state} at ${each.seconds.toFixed(1)} s (${condition}), but it was ${state}`);
      }
    }
  });
  return { wrong, delays, seconds };
}

import t from 'tap';
import { Suspects, stableMs } from '../../src/daemon/suspects.js';

/** Plays engines that die shortly after they are ready as long as one of the poisonous cameras runs. */
function play(
  poisonous: readonly string[],
  frames: Record<string, number>,
  signal: NodeJS.Signals | null = 'SIGKILL',
  most = 50,
) {
  const suspects = new Suspects();
  const running = () => Object.keys(frames).filter((camera) => !suspects.setAside.has(camera));
  let deaths = 0;
  let waitedMs = 0;
  while (deaths < most && running().some((camera) => poisonous.includes(camera))) {
    deaths += 1;
    const own = Object.fromEntries(running().map((camera) => [camera, frames[camera] ?? 0]));
    waitedMs += suspects.died({ livedMs: 500, frames: own, signal });
  }
  return { suspects, deaths, waitedMs };
}

t.test('the camera of which the fewest pictures were analysed is suspected first', async (t) => {
  const { suspects, deaths, waitedMs } = play(['b'], { a: 20, b: 0, c: 20 });
  t.strictSame([...suspects.setAside], ['b']);
  t.equal(deaths, 3);
  t.ok(waitedMs < 1000, `${waitedMs} ms`);
});

t.test('two crashes tell as much as three deaths that a need of memory may have caused', async (t) => {
  const frames = { a: 20, b: 0, c: 20 };
  t.equal(play(['b'], frames, 'SIGSEGV').deaths, 2);
  for (const signal of ['SIGKILL', 'SIGABRT', null] as const) t.equal(play(['b'], frames, signal).deaths, 3);
  const suspects = new Suspects();
  for (const signal of ['SIGSEGV', 'SIGKILL'] as const) suspects.died({ livedMs: 500, frames, signal });
  t.equal(suspects.setAside.size, 0, 'one crash beside another death is chance');
  suspects.died({ livedMs: stableMs, frames, signal: 'SIGSEGV' });
  t.equal(suspects.setAside.size, 0, 'so are two of which the engine of the second has lived');
});

t.test('who was suspected wrongly is back with the next engine', async (t) => {
  const { suspects, deaths, waitedMs } = play(['c'], { a: 5, b: 6, c: 7 });
  t.strictSame([...suspects.setAside], ['c']);
  t.equal(deaths, 5);
  t.ok(waitedMs <= 1000, `${waitedMs} ms`);
});

t.test('where no single one explains it, all are set aside', async (t) => {
  const { suspects } = play(['a', 'c'], { a: 0, b: 1, c: 2 });
  t.strictSame([...suspects.setAside].sort(), ['a', 'b', 'c']);
  suspects.release('b');
  t.strictSame([...suspects.setAside].sort(), ['a', 'c']);
});

t.test('engines that live for a minute are no failures, and what was found out stays', async (t) => {
  const suspects = new Suspects();
  for (let i = 0; i < 20; i++) t.equal(suspects.died({ livedMs: stableMs, frames: { a: 1 }, signal: 'SIGSEGV' }), 200);
  t.equal(suspects.setAside.size, 0);

  const found = play(['b'], { a: 20, b: 0 }).suspects;
  found.died({ livedMs: stableMs, frames: { a: 100 }, signal: 'SIGKILL' });
  t.strictSame([...found.setAside], ['b']);
});

t.test('the delay grows where no camera is to blame, up to half a minute', async (t) => {
  const suspects = new Suspects();
  const delays = Array.from({ length: 12 }, () => suspects.died({ livedMs: 100, frames: {}, signal: 'SIGKILL' }));
  t.equal(delays[0], 200);
  t.equal(delays.at(-1), 30_000);
  t.equal(suspects.died({ livedMs: stableMs, frames: {}, signal: 'SIGKILL' }), 200, 'after a minute it begins anew');
});

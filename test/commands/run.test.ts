import t, { type Test } from 'tap';
import { exitCodes } from '../../src/contract/errors.js';
import { TestDaemon } from '../support/daemon.js';

function start(t: Test, args: string[], environment: NodeJS.ProcessEnv = {}): TestDaemon {
  const daemon = new TestDaemon(['run', ...args], t.testdir(), environment);
  t.teardown(() => daemon.dispose());
  return daemon;
}

t.test('with no configuration at all it plays the demo to a broker of its own', async (t) => {
  const daemon = start(t, []);
  await daemon.line(/ready {5}in/);
  await daemon.line(/camera {4}demo: live, 640x360 at 15 fps/);
  await daemon.subscribe();
  const online = await daemon.message(({ topic }) => topic === 'minspnet/minspnet/status');
  t.match(online, { payload: Buffer.from('online'), retain: true });

  const appeared = await daemon.message(
    ({ topic, payload }) => topic.endsWith('/events') && /"new"/.test(String(payload)),
    20_000,
  );
  const seen = JSON.parse(String(appeared.payload));
  const snapshot = daemon.heard.findIndex(({ topic }) => topic === seen.snapshot);
  t.ok(snapshot >= 0 && snapshot < daemon.heard.indexOf(appeared), 'its snapshot came before the event');
  t.strictSame([...(daemon.heard[snapshot]?.payload.subarray(0, 3) ?? [])], [0xff, 0xd8, 0xff], 'a JPEG');
  await daemon.message(({ topic }) => topic.endsWith('/health'));

  const stoppedAt = performance.now();
  daemon.kill('SIGTERM');
  t.equal(await daemon.exited, exitCodes.ok);
  t.ok(performance.now() - stoppedAt < 2000, `ended after ${Math.round(performance.now() - stoppedAt)} ms`);
  t.equal(daemon.stderr, '');

  const statuses = daemon.heard
    .filter(({ topic }) => topic.endsWith('minspnet/status'))
    .map((one) => String(one.payload));
  t.strictSame(statuses, ['online', 'offline']);
  const open = new Set<string>();
  for (const event of daemon.events()) {
    if (event.type === 'new') open.add(event.id);
    if (event.type === 'end') open.delete(event.id);
  }
  t.equal(open.size, 0, 'every track has ended');
});

t.test('a file is played once: one new and one end a track, no hole in seq, then the daemon ends', async (t) => {
  const daemon = start(t, ['--source', 'demo', '--pace', 'max']);
  await daemon.subscribe();
  t.equal(await daemon.exited, exitCodes.ok);
  const events = daemon.events();
  const numbers = events.map((event) => (event.type === 'gap' ? Number.NaN : event.seq));
  t.strictSame(
    numbers,
    Array.from(numbers, (_, i) => i + (numbers[0] ?? 0)),
  );
  const of = (type: string) => events.flatMap((event) => (event.type === type && 'id' in event ? [event.id] : []));
  t.ok(of('new').length >= 3, `${of('new').length} tracks`);
  t.strictSame(of('new').toSorted(), [...new Set(of('new'))].toSorted());
  t.strictSame(of('end').toSorted(), of('new').toSorted());
});

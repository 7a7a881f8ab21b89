import t from 'tap';
import { beatsAt, isEnd, isLive, isNew, settingsOf, start, Watched } from './watched-engine.js';

t.test('detection is switched off and on again: its tracks end with the reason, and pictures go on', async (t) => {
  const watched = await start(t);
  await watched.next(isNew, 0);
  watched.host.adjust('door', { detect: false });
  await watched.next(isEnd('detect-off'));
  await watched.next(beatsAt((fps) => fps === 0));
  t.ok((await watched.host.takePicture('door')).jpeg.length > 1000, 'a picture comes while detection is off');
  watched.host.adjust('door', { detect: true });
  await watched.next(isNew);
});

t.test('the rate changes while it runs, and an engine that is started anew keeps it', async (t) => {
  const watched = await start(t);
  await watched.next(beatsAt((fps) => fps >= 7));
  watched.host.adjust('door', { fps: 2 });
  await watched.next(beatsAt((fps) => fps >= 1 && fps <= 3));
  process.kill(watched.host.pid ?? 0, 'SIGKILL');
  await watched.next(isLive);
  await watched.next(beatsAt((fps) => fps >= 1 && fps <= 3));
  watched.host.adjust('door', { fps: 10 });
  await watched.next(beatsAt((fps) => fps >= 7));
});

t.test('no track begins below the minimum score', async (t) => {
  const watched = await start(t, { pace: 'max' });
  watched.host.adjust('door', { minScore: 0.99 });
  await watched.next((message) => message.kind === 'state' || beatsAt((fps) => fps > 0)(message));
  const from = watched.messages.length;
  await watched.next(beatsAt((fps) => fps > 20));
  await watched.next(
    beatsAt((fps) => fps > 20),
    from + 1,
  );
  t.equal(watched.messages.slice(from).filter(isNew).length, 0);
  watched.host.adjust('door', { minScore: 0.4 });
  await watched.next(isNew);
});

t.test('what is adjusted while an engine starts or is replaced holds in it', async (t) => {
  const watched = new Watched(await settingsOf('minspnet-s'));
  t.teardown(() => watched.host.stop(1000));
  const small = await settingsOf('minspnet-n');
  watched.host.start();
  watched.host.adjust('door', { detect: false }); // its network is being loaded
  const from = watched.messages.length;
  await watched.next((message) => beats(watched, from) >= 3 && message.kind === 'heartbeat');
  t.equal(watched.messages.filter(isNew).length, 0, 'nothing was detected since the start');

  const replaced = watched.host.replace({ ...small, adjustments: { door: { detect: true } } });
  watched.host.adjust('door', { detect: false }); // the old engine is being ended
  await replaced;
  const replacedAt = watched.messages.length;
  await watched.next((message) => beats(watched, replacedAt) >= 3 && message.kind === 'heartbeat');
  t.equal(watched.messages.slice(replacedAt).filter(isNew).length, 0, 'nor by the new one');

  const failing = watched.host.replace({ ...small, model: { ...small.model, path: 'nowhere.onnx' } });
  watched.host.adjust('door', { detect: true });
  await t.rejects(failing, { code: /^ERR_MODEL/ });
  await watched.next(isNew);
});

/** Heartbeats since then in which the camera was live. */
function beats({ messages }: Watched, from: number): number {
  return messages.slice(from).filter(beatsAt(() => true)).length;
}

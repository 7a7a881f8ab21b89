import t from 'tap';
import type { CaptureState } from '../../src/contract/status.js';
import { Pictures } from '../../src/engine/pictures.js';
import { fullPicture } from '../../src/pipeline/capture/cut.js';
import { parseSource } from '../../src/pipeline/capture/source.js';
import { cameraSettings } from '../support/settings.js';
import { SimulatedTime } from '../support/simulated-time.js';

function setUp(state: CaptureState = 'live') {
  const source = parseSource('rtsp://camera.invalid/1', cameraSettings());
  return new Pictures<string>('yard', {
    source,
    state,
    lend: () => Promise.reject(new Error('it takes no photographs')),
  });
}

t.test('who waits is given the next picture, and only that one', async (t) => {
  const pictures = setUp();
  const asked = [pictures.next(100), pictures.photograph(100)];
  const requests = pictures.takeRequests();
  t.strictSame(
    requests.map(({ cut }) => cut),
    [{ box: [0, 0, 1, 1] }, { box: [0, 0, 1, 1], options: fullPicture }],
  );
  t.strictSame(pictures.takeRequests(), []);
  requests[0]?.answer(Buffer.of(1), 'what was found');
  requests[1]?.answer(Promise.resolve(Buffer.of(2)), '');
  t.strictSame(await Promise.all(asked), [{ jpeg: Buffer.of(1), about: 'what was found' }, Buffer.of(2)]);
});

t.test('no picture is made for those who have gone', async (t) => {
  using time = new SimulatedTime();
  const pictures = setUp();
  const asked = t.rejects(pictures.next(1000), { code: 'ERR_SOURCE_NO_PICTURE' });
  await time.pass(8000, 250);
  await asked;
  t.strictSame(pictures.takeRequests(), [], 'a camera that is away for a day is asked for thousands');
});

t.test('of a camera that is away nothing is waited for, and one that can’t be made is told', async (t) => {
  await t.rejects(setUp('reconnecting').next(1000), { code: 'ERR_SOURCE_NO_PICTURE', message: /it is reconnecting/ });
  const pictures = setUp();
  const asked = pictures.next(1000);
  pictures.takeRequests()[0]?.answer(undefined, '');
  await t.rejects(asked, { code: 'ERR_SOURCE_NO_PICTURE' });
});

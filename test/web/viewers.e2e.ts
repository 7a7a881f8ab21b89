import type { Page } from 'playwright-core';
import t from 'tap';
import { Board, patienceMs, skip } from './board.js';
import { launch, takeDrawn, untilDrawn, visit } from './browser.js';

t.setTimeout(280_000); // a loaded machine is slow

/** Bytes a second of the slow viewer's network: a picture of the demo has some 40,000. */
const slowRate = 8000;
/** Pictures analysed in each of the phases that are compared. */
const phaseFrames = 40;
const rounds = 2;

/** As Chromium's own developer tools slow a network down. @param bytesPerSecond -1: not at all */
async function throttle(page: Page, bytesPerSecond: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const rates = { downloadThroughput: bytesPerSecond, uploadThroughput: bytesPerSecond };
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', { offline: false, latency: 0, ...rates });
}

t.test('two viewers, one of them over a slow network: it loses pictures, and nobody else does', { skip }, async (t) => {
  const [board, browser] = await Promise.all([Board.start(t), launch(t)]);
  const small = { viewport: { width: 480, height: 640 } };
  const [fast, slow] = await Promise.all(
    [0, 1].map(async () => (await visit(browser, `${board.url}#/live`, small)).page),
  );
  if (fast === undefined || slow === undefined) throw new TypeError('no pages');
  await Promise.all([fast, slow].map((page) => untilDrawn(page, 1, patienceMs)));
  t.pass('both see boxes');

  const count = async (name: string) => {
    const text = await (await fetch(new URL('metrics', board.url))).text();
    return Number(new RegExp(`^minspnet_${name}(_total)?\\{camera="demo"\\} (\\d+)`, 'm').exec(text)?.[2]);
  };
  t.equal(await count('live_viewers'), 2);
  /** ms in which so many pictures were analysed. */
  const phase = async (rate: number) => {
    await throttle(slow, rate);
    const frames = await count('frames');
    const startedAt = performance.now();
    await board.until(async () => (await count('frames')) >= frames + phaseFrames);
    return performance.now() - startedAt;
  };
  let [with_, without] = [0, 0];
  for (let round = 0; round < rounds; round++) {
    without += await phase(-1);
    const lost = await count('live_frames_lost');
    with_ += await phase(slowRate);
    t.ok((await count('live_frames_lost')) > lost + phaseFrames / 4, 'who is slow loses pictures');
  }
  t.comment(
    `${rounds * phaseFrames} pictures in ${Math.round(without)} ms, beside a slow viewer in ${Math.round(with_)} ms`,
  );
  t.ok(with_ < 1.5 * without, 'detection goes on at its rate');
  await Promise.all([takeDrawn(fast), throttle(slow, -1), takeDrawn(slow)]);
  await Promise.all([fast, slow].map((page) => untilDrawn(page, 1, patienceMs)));
  await slow.close();
  await fast.close();
  await board.until(async () => (await count('live_viewers')) === 0);
  t.pass('nobody watches any more');
});

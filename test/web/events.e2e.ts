import t from 'tap';
import type { HttpEvents } from '../../src/contract/http.js';
import { Board, demoCamera, skip } from './board.js';
import { barriers, launch, visit } from './browser.js';

t.setTimeout(280_000); // a loaded machine is slow

t.test('events: one with its clip, and why nothing was told', { skip }, async (t) => {
  const history = { clips: { enabled: true, beforeSeconds: 1, afterSeconds: 1, maxSeconds: 5 } };
  const [board, browser] = await Promise.all([Board.start(t, { cameras: { demo: demoCamera }, history }), launch(t)]);
  const { page, complaints } = await visit(browser, `${board.url}#/events`);

  await t.test('an event is opened, and its clip plays', async (t) => {
    const withClip = async () => (await board.get<HttpEvents>('api/events')).events.find(({ clip }) => clip !== null);
    await board.until(async () => (await withClip()) !== undefined);
    const record = await withClip();
    await page.locator(`a[href="#/events/${record?.id}"]`).first().click();
    await page.getByRole('img', { name: /at demo/ }).waitFor();
    t.strictSame(await barriers(page), []);
    await page.getByRole('button', { name: 'Clip' }).click();
    const video = page.locator('video');
    await video.waitFor();
    const played = () =>
      video.evaluate((element) => {
        const { currentTime, duration, videoWidth } = element as unknown as Record<
          'currentTime' | 'duration' | 'videoWidth',
          number
        >;
        return { at: currentTime, duration, width: videoWidth };
      });
    // Not page.waitForFunction: an expression in text is evaluated in the page again and again, and that is against its policy.
    await board.until(async () => (await played()).at > 0.2);
    const { duration, width } = await played();
    t.ok(duration > 1 && duration < 12 && width === 640, `${duration} s, ${width} pixels wide`);
  });

  await t.test('a click on the picture asks why', async (t) => {
    await page.goto(`${board.url}#/events/why:demo`);
    await page.getByLabel('show what was told, too').check();
    const candidates = page.locator('.candidate');
    await candidates.first().waitFor();
    const all = await candidates.count();
    const canvas = page.getByRole('img', { name: /Live picture of demo/ });
    const asked = page.waitForRequest(/api\/explain.*x=0\.0[12]/);
    const { width, height } = (await canvas.boundingBox()) ?? { width: 0, height: 0 };
    await canvas.click({ position: { x: 0.02 * width, y: 0.02 * height } });
    await asked;
    await page.getByText('The network took nothing here for an object').waitFor();
    t.ok(all > 0, `${all} seen in the whole picture`);
    await page.getByRole('button', { name: 'Whole picture' }).click();
    await candidates.first().waitFor();
  });
  t.strictSame(complaints, [], 'nothing on the console');
});

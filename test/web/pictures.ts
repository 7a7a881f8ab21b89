// `npm run page:pictures`: the pictures of the page in docs/images, anew.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import t from 'tap';
import { Board, demoCamera, patienceMs, skip } from './board.js';
import { launch, takeDrawn, untilDrawn, visit } from './browser.js';

t.setTimeout(600_000); // a loaded machine is slow

const folder = fileURLToPath(new URL('../../../docs/images', import.meta.url));
const crossing = { from: [0.36, 0.76], to: [0.72, 0.7] };
const road = {
  polygon: [
    [0, 0.67],
    [1, 0.58],
    [1, 0.7],
    [0, 0.84],
  ],
};
const settings = {
  node: 'porch',
  cameras: { street: { ...demoCamera, zones: { road }, lines: { crossing } } },
  model: { size: [416, 256] },
};

async function keep(page: Page, name: string): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 80 });
  await writeFile(join(folder, `${name}.webp`), Buffer.from(data, 'base64'));
}

/** Somebody is in the picture, whatever time it is in the clip. */
async function untilBusy(page: Page): Promise<void> {
  await takeDrawn(page);
  for (let boxes = 0; boxes < 3; ) {
    await untilDrawn(page, 1, patienceMs);
    boxes = (await takeDrawn(page)).at(-1)?.boxes.length ?? 0;
  }
}

t.test('the pictures', { skip }, async (t) => {
  const [board, browser] = await Promise.all([Board.start(t, settings), launch(t)]);
  const { page } = await visit(browser, `${board.url}#/live`, { viewport: { width: 1280, height: 800 } });
  await untilDrawn(page, 10, patienceMs);
  await untilBusy(page);
  await keep(page, 'page-live');
  await page.goto(`${board.url}#/areas`);
  await page.getByRole('application').getByRole('button', { name: 'Zone road' }).focus();
  await untilBusy(page);
  await keep(page, 'page-areas');
  const phone = { viewport: { width: 390, height: 844 }, colorScheme: 'dark', isMobile: true, hasTouch: true } as const;
  const small = await visit(browser, `${board.url}#/live`, phone);
  await untilBusy(small.page);
  await keep(small.page, 'page-phone');
  await page.goto(`${board.url}#/events`);
  await page.locator('.event-row').nth(2).click();
  await page.getByRole('img', { name: /at street/ }).waitFor();
  await keep(page, 'page-events');
});

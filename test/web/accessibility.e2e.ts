import t from 'tap';
import { Board, skip } from './board.js';
import { barriers, launch, visit } from './browser.js';

t.setTimeout(280_000); // a loaded machine is slow

const views = [
  'live',
  'areas',
  'events',
  'events/why:demo',
  'performance',
  'performance/activity',
  'performance/measure',
  'settings',
  'settings/add',
  'settings/broker',
  'settings/file',
  'welcome',
];

t.test('nobody is shut out of any view, by day and by night, in English and German', { skip }, async (t) => {
  const [board, browser] = await Promise.all([Board.start(t), launch(t)]);
  const { page, complaints } = await visit(browser, board.url);
  for (const view of views) {
    await page.goto(`${board.url}#/${view}`);
    await page.locator('main h1').waitFor();
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme });
      t.strictSame(await barriers(page), [], `${view}, ${colorScheme}`);
    }
  }
  await page.goto(`${board.url}#/settings`);
  await page.getByRole('button', { name: 'DE, Deutsch' }).click();
  await page.getByRole('heading', { name: 'Einstellungen' }).waitFor();
  t.equal(await page.evaluate('document.documentElement.lang'), 'de');
  t.strictSame(await barriers(page), [], 'in German');
  t.strictSame(complaints, [], 'nothing on the console');
});

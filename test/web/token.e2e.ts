import t from 'tap';
import { Board, demoCamera, patienceMs, skip } from './board.js';
import { barriers, launch, visit } from './browser.js';

t.setTimeout(280_000); // a loaded machine is slow

const token = 'correct-horse-battery';

t.test('on any other address the page wants a token', { skip }, async (t) => {
  const settings = { cameras: { demo: demoCamera }, http: { host: '0.0.0.0', token } };
  const [board, browser] = await Promise.all([Board.start(t, settings), launch(t)]);
  const { page } = await visit(browser, board.url);
  await page.getByRole('heading', { name: 'This board wants a token' }).waitFor();
  t.strictSame(await barriers(page), []);
  const enter = async (text: string) => {
    await page.getByLabel('Token', { exact: true }).fill(text);
    await page.getByRole('button', { name: 'Enter' }).click();
  };
  const statuses: number[] = [];
  while (statuses.at(-1) !== 429 && statuses.length < 60) {
    const answer = page.waitForResponse(/login/);
    await enter(`wrong-${statuses.length}`);
    statuses.push((await answer).status());
    if (statuses.length === 1) await page.getByText('this is not the token').waitFor();
  }
  t.ok(statuses.length > 10 && statuses.at(-1) === 429, statuses.join(' '));
  await page.getByText('too many wrong tokens').waitFor();
  t.equal(await page.getByRole('img', { name: /Live picture/ }).count(), 0);
  const picture = page.getByRole('img', { name: /Live picture of demo/ });
  // One more is taken each six seconds.
  for (const end = performance.now() + patienceMs; (await picture.count()) === 0 && performance.now() < end; ) {
    if (await page.getByRole('button', { name: 'Enter' }).isEnabled()) await enter(token);
    await picture.waitFor({ timeout: 2000 }).catch(() => {});
  }
  await page.reload();
  await picture.waitFor();
  t.pass('the browser remembers it');
});

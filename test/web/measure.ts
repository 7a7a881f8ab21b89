import t from 'tap';
import { Board, skip } from './board.js';
import { barriers, launch, visit } from './browser.js';

/** Tuning takes minutes, on a loaded machine more: not for each run of all tests. */
const patienceMs = 840_000;
t.setTimeout(2 * patienceMs);

t.test('the board is measured and tuned from the page, and the reports are read there', { skip }, async (t) => {
  const [board, browser] = await Promise.all([Board.start(t), launch(t)]);
  const { page, complaints } = await visit(browser, `${board.url}#/performance/measure`);
  const card = (name: string) =>
    page.locator('section.card', { has: page.getByRole('heading', { name, exact: true }) });

  await card('Benchmark').getByRole('button', { name: 'Start' }).click();
  await card('Benchmark').getByRole('progressbar').waitFor();
  await card('Tune').getByRole('button', { name: 'Start' }).click();
  await card('Tune').getByRole('alert').getByText('being measured already').waitFor();
  complaints.splice(0); // the browser says of itself that this was refused
  await card('Benchmark').getByText('Measured at').waitFor({ timeout: patienceMs });
  const inference = card('Benchmark')
    .getByRole('row', { name: /Inference p50/ })
    .getByRole('cell');
  t.match(await inference.textContent(), /[\d.]+ \/ .* ms/);
  t.strictSame(await barriers(page), []);

  await card('Tune').getByRole('button', { name: 'Start' }).click();
  await card('Tune')
    .getByText(/round 1, \d+ ways/)
    .waitFor({ timeout: patienceMs });
  await card('Tune').getByText('Measured at').waitFor({ timeout: patienceMs });
  t.ok((await card('Tune').getByRole('row').count()) > 3, 'what was tried is listed');
  t.strictSame(await barriers(page), []);
  t.strictSame(complaints, [], 'nothing on the console');
});

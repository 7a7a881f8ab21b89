import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { Board, patienceMs, skip } from './board.js';
import { launch, visit } from './browser.js';

t.setTimeout(280_000); // a loaded machine is slow

t.test('the settings file is changed while somebody draws: said, and nothing overwritten', { skip }, async (t) => {
  const [board, browser] = await Promise.all([Board.start(t), launch(t)]);
  const { page } = await visit(browser, `${board.url}#/areas`);
  const draw = async () => {
    await page.getByRole('button', { name: 'Line', exact: true }).click();
    const canvas = page.getByRole('application');
    for (const key of ['Space', ...Array.from({ length: 5 }, () => 'ArrowRight'), 'Space']) await canvas.press(key);
  };
  await draw();
  await page.getByLabel('Name').fill('mine');

  // By hand, in an editor: the daemon does not know of it.
  appendFileSync(join(board.folder, 'minspnet.yaml'), '# by hand\nevents: { updateSeconds: 7 }\n');
  const before = board.settings;
  await page.getByRole('button', { name: 'Save' }).click();
  const said = page.getByRole('alert');
  t.match(await said.textContent({ timeout: patienceMs }), /was changed meanwhile.*ERR_CONFIG_CHANGED/);
  t.equal(board.settings, before, 'nothing was written');

  // Seen, and wanted all the same: both are kept.
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor({ timeout: patienceMs });
  t.match(parse(board.settings), { events: { updateSeconds: 7 }, cameras: { demo: { lines: { mine: {} } } } });
  t.match(board.settings, /# by hand/);

  // On another page: known at once, said before anything is saved.
  await draw();
  const other = await visit(browser, `${board.url}#/areas`);
  await other.page.getByText('mine').first().waitFor();
  const { revision } = await board.get<{ revision: string }>('api/info');
  const put = async (query: string) => {
    const body = JSON.stringify({ zones: {}, lines: {}, masks: {}, region: [0, 0, 1, 0.5] });
    const headers = { 'content-type': 'application/json' };
    return (await fetch(`${board.url}api/cameras/demo/geometry?${query}`, { method: 'PUT', body, headers })).status;
  };
  t.equal(await put('revision=0123456789abcdef'), 409);
  t.equal(await put(`revision=${revision}`), 200);
  await page.getByText('These areas were changed elsewhere meanwhile').waitFor({ timeout: patienceMs });
  await page.getByRole('button', { name: 'Take those' }).click();
  await page
    .getByRole('application')
    .getByRole('button', { name: /Region/ })
    .first()
    .waitFor();
});

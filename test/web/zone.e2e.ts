import t from 'tap';
import { Board, skip } from './board.js';
import { launch, visit } from './browser.js';

t.setTimeout(280_000); // a loaded machine is slow

t.test('a zone drawn by mouse is saved, and tells who enters it', { skip }, async (t) => {
  const [board, browser] = await Promise.all([Board.start(t), launch(t)]);
  await board.daemon.subscribe(board.broker.url);
  const { page, complaints } = await visit(browser, `${board.url}#/areas`);
  await page.getByRole('button', { name: 'Zone', exact: true }).click();
  const canvas = page.getByRole('application');
  const { x, y, width, height } = (await canvas.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
  const corners = [
    [0.03, 0.3],
    [0.97, 0.3],
    [0.97, 0.97],
    [0.03, 0.97],
    [0.03, 0.3], // the first one again: it is closed
  ] as const;
  for (const [across, down] of corners) await page.mouse.click(x + across * width, y + down * height);
  await page.getByLabel('Name').fill('street');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  t.match(board.settings, /^# kept\n/, 'comments stay');
  t.match(board.settings, 'street');
  t.match(await board.event((event) => event.type === 'enter'), { zone: 'street', camera: 'demo' });
  t.strictSame(complaints, [], 'nothing on the console');
});

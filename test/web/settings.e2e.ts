import t from 'tap';
import { parse } from 'yaml';
import { Board, demoCamera, patienceMs, skip } from './board.js';
import { launch, visit } from './browser.js';

t.setTimeout(280_000); // a loaded machine is slow

t.test('settings: a camera more, a broker, what a higher least score would have told', { skip }, async (t) => {
  const [board, browser] = await Promise.all([Board.start(t), launch(t)]);
  const { page, complaints } = await visit(browser, `${board.url}#/settings/add`);

  await t.test('a camera that gives a test picture is added, and is live', async (t) => {
    await page.getByLabel('Address').fill(demoCamera.source);
    await page.getByRole('button', { name: 'Test picture' }).click();
    const picture = page.getByRole('img', { name: 'Test picture of the camera' });
    await picture.waitFor({ timeout: patienceMs });
    t.equal(await picture.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth), 640);
    await page.getByLabel('Name of the camera').fill('demo');
    await page.getByText('This name is taken.').waitFor();
    await page.getByLabel('Name of the camera').fill('back');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByText('Saved.').waitFor({ timeout: patienceMs });
    t.match(parse(board.settings), { cameras: { demo: demoCamera, back: { source: demoCamera.source } } });
    t.match(board.settings, /^# kept\n/, 'comments stay');
    await board.told(/back: live/);
  });

  await t.test('a broker that is not there: said why, and nothing saved', async (t) => {
    await page.goto(`${board.url}#/settings/broker`);
    await page.getByLabel('Address').fill('mqtt://127.0.0.1:1');
    await page.getByRole('button', { name: 'Test', exact: true }).click();
    const answer = page.getByRole('status').filter({ hasText: 'That does not work.' });
    t.match(await answer.textContent({ timeout: patienceMs }), /127\.0\.0\.1:1.*ERR_BROKER/);
  });

  await t.test('what a higher least score would have told is counted before it is saved', async (t) => {
    const told = async () =>
      (await board.get<{ events: { bestScore: number }[] }>('api/events?camera=demo')).events.map(
        ({ bestScore }) => bestScore,
      );
    await board.until(async () => (await told()).length >= 2);
    await page.goto(`${board.url}#/settings`);
    const card = page.getByRole('region', { name: 'demo' });
    const count = async (name: string) =>
      Number(
        await card
          .locator('dt', { hasText: new RegExp(`^${name}$`) })
          .locator('+ dd')
          .textContent(),
      );
    const slider = card.getByRole('slider');
    await slider.fill('0.95');
    await card.locator('.thumbs li').first().waitFor();
    const [kept, lost] = [await count('told'), await count('no longer told')];
    t.ok(kept + lost >= 2, `${kept} told, ${lost} no longer told`);
    const scores = (await told()).slice(-(kept + lost));
    t.equal(lost, scores.filter((score) => score < 0.95).length);
    await card.getByRole('button', { name: 'Save' }).click();
    await card.getByText('Saved.').waitFor({ timeout: patienceMs });
    t.match(parse(board.settings), { cameras: { demo: { minScore: 0.95 } } });
  });
  t.strictSame(complaints, [], 'nothing on the console');
});

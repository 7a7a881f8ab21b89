import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { Mosquitto } from '../support/broker.js';
import { TestDaemon } from '../support/daemon.js';
import { patienceMs, skip } from './board.js';
import { barriers, launch, visit } from './browser.js';

t.setTimeout(280_000); // a loaded machine is slow

t.test('a board without settings: camera, picture, zone, broker, done', { skip }, async (t) => {
  const broker = await new Mosquitto().start();
  t.teardown(() => broker.stop());
  const folder = t.testdir();
  const environment = { MINSPNET_CONFIG: '', MINSPNET_HTTP__PORT: '0', MINSPNET_MQTT__BROKER__PORT: '0' };
  const daemon = new TestDaemon(['run'], join(folder, 'state'), environment, ['env', '-C', folder]);
  t.teardown(() => daemon.dispose());
  const [browser, [, url = '']] = await Promise.all([launch(t), daemon.line(/http {6}(http:\/\/127\.0\.0\.1:\d+)/)]);
  const { page, complaints } = await visit(browser, url);
  const next = (name: string) => page.getByRole('button', { name, exact: true }).click();

  await page.getByRole('heading', { name: 'Which camera?' }).waitFor();
  await page.getByLabel('Address').fill('/nowhere/clip.mp4');
  await next('Test picture');
  t.match(await page.getByRole('alert').textContent({ timeout: patienceMs }), /nowhere.*ERR_SOURCE/, 'a plain reason');
  complaints.splice(0); // the browser says of itself that an answer was none
  await page.getByLabel('Address').fill('demo');
  await next('Test picture');
  await page.getByRole('img', { name: 'Test picture of the camera' }).waitFor({ timeout: patienceMs });
  t.strictSame(await barriers(page), []);
  await page.getByLabel('Name of the camera').fill('street');
  await next('Next');

  await page.getByRole('heading', { name: 'Where does it matter?' }).waitFor();
  await next('Zone');
  const canvas = page.getByRole('application');
  await canvas.focus();
  // By keyboard: the cursor begins in the middle.
  for (const key of [
    ' ',
    'ArrowRight',
    'ArrowRight',
    'ArrowRight',
    ' ',
    'ArrowDown',
    'ArrowDown',
    'ArrowDown',
    ' ',
    'Enter',
  ])
    await canvas.press(key === ' ' ? 'Space' : key);
  t.strictSame(await barriers(page), []);
  await next('Next');

  await page.getByRole('heading', { name: 'Where are events to go?' }).waitFor();
  await page.getByLabel('A broker that is there already').check();
  await page.getByLabel('Address').fill('mqtt://127.0.0.1:1');
  await next('Test');
  await page.getByText('That does not work.').waitFor({ timeout: patienceMs });
  await page.getByLabel('Address').fill(broker.url);
  await next('Test');
  await page.getByText('The broker lets us in.').waitFor({ timeout: patienceMs });
  t.strictSame(await barriers(page), []);
  await next('Write the settings');

  await page.getByRole('heading', { name: 'Done' }).waitFor({ timeout: patienceMs });
  const settings = parse(readFileSync(join(folder, 'minspnet.yaml'), 'utf8'));
  t.match(settings, { cameras: { street: { source: 'demo' } }, mqtt: { url: broker.url } });
  const [zone] = Object.values(settings.cameras.street.zones) as { polygon: number[][] }[];
  t.strictSame(zone?.polygon, [
    [0.5, 0.5],
    [0.53, 0.5],
    [0.53, 0.53],
  ]);
  await page.getByRole('link', { name: 'See it live' }).click();
  await page.getByRole('img', { name: /Live picture of street/ }).waitFor();
  t.strictSame(complaints, [], 'nothing on the console');
});

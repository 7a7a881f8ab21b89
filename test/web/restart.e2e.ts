import t from 'tap';
import { Board, patienceMs, skip } from './board.js';
import { launch, takeDrawn, untilDrawn, visit } from './browser.js';

t.setTimeout(280_000); // a loaded machine is slow

t.test('the daemon restarts: the page says that it is old, and goes on by itself', { skip }, async (t) => {
  const [board, browser] = await Promise.all([Board.start(t), launch(t)]);
  const { page } = await visit(browser, `${board.url}#/live`);
  await untilDrawn(page, 1, patienceMs);
  board.daemon.kill('SIGTERM');
  t.equal(await board.daemon.exited, 0, 'somebody who watches holds no daemon up');
  const notice = page.getByText('No connection to the board. What you see is from');
  await notice.waitFor({ timeout: patienceMs });
  await board.startAgain();
  await notice.waitFor({ state: 'detached', timeout: patienceMs });
  await takeDrawn(page);
  await untilDrawn(page, 1, patienceMs);
  t.pass('pictures with boxes again');
});

import t from 'tap';
import { Board, demoCamera, patienceMs, skip } from './board.js';
import { launch, takeDrawn, untilDrawn, visit } from './browser.js';
import { DemoFrames } from './demo-frames.js';

t.setTimeout(280_000); // a loaded machine is slow

/** Of the 324 in a round of the clip, so that the few pictures in which the network misses an object do not decide alone. */
const enoughBoxes = 150;
/** Pictures: what was drawn is compared with what is there in the very picture, and so much earlier and later. */
const offsets = [-3, 0, 3];

t.test('boxes lie over the objects of the very picture that is shown', { skip }, async (t) => {
  // Of a file every picture is looked at, however slow the machine is. The input would be smaller on a slow one.
  const settings = { cameras: { demo: demoCamera }, model: { size: [320, 192] } };
  const [board, browser] = await Promise.all([Board.start(t, settings), launch(t)]);
  // Small, since a browser without a graphics card paints with the processor that the daemon needs.
  const { page, complaints } = await visit(browser, `${board.url}#/live`, { viewport: { width: 480, height: 640 } });
  const frames = new DemoFrames();
  const overlaps = new Map(offsets.map((offset) => [offset, [] as number[]]));
  const dashed: number[] = [];
  const seen = () => overlaps.get(0)?.length ?? 0;
  for (const end = performance.now() + patienceMs; seen() < enoughBoxes && performance.now() < end; ) {
    await untilDrawn(page, 10, patienceMs);
    for (const drawn of await takeDrawn(page)) {
      const number = frames.numberOf(drawn.grey);
      for (const [offset, all] of overlaps) all.push(...frames.overlapsOf(drawn.boxes, number + offset));
      dashed.push(...frames.overlapsOf(drawn.dashed, number));
    }
  }
  const share = (all: readonly number[] = []) => all.filter((overlap) => overlap >= 0.5).length / all.length;
  const [early = 0, at = 0, late = 0] = offsets.map((offset) => share(overlaps.get(offset)));
  t.comment(
    `an IoU of .5 and more: ${at.toFixed(3)} of ${seen()} boxes, ${share(dashed).toFixed(3)} of ${dashed.length} dashed`,
  );
  t.comment(`with what is there three pictures earlier ${early.toFixed(3)}, later ${late.toFixed(3)}`);
  t.ok(seen() >= enoughBoxes, `${seen()} boxes`);
  t.ok(at >= 0.95, `${at.toFixed(3)} of the boxes with an IoU of .5 and more`);
  t.ok(at > early + 0.2 && at > late + 0.2, 'they fit to no earlier or later picture');
  t.strictSame(complaints, [], 'nothing on the console');
});

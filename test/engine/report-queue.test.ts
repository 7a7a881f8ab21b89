import t from 'tap';
import type { FromEngine } from '../../src/engine/protocol.js';
import { ReportQueue } from '../../src/engine/report-queue.js';
import type { SceneReport } from '../../src/pipeline/scene.js';
import type { Shot } from '../../src/pipeline/track-events.js';

/** A report that tells of so many people, with so many snapshots to be made. */
function reportOf(people: number, snapshots = 0): SceneReport {
  const state = { camera: 'yard', at: '2026-01-01T00:00:00.000Z', counts: { person: people }, moving: 0, zones: {} };
  const shots: Shot[] = Array.from({ length: snapshots }, () => ({ track: 'a', class: 'person', box: [0, 0, 1, 1] }));
  return { observations: [], shots, state };
}

/** A queue, and what it has told: `jpeg N` for a snapshot of one byte N, `people N` for a state. */
function setUp() {
  const told: string[] = [];
  const reports = new ReportQueue('yard', (message: FromEngine) => {
    if (message.kind === 'snapshot') told.push(`jpeg ${message.snapshot.jpeg.join()}`);
    if (message.kind === 'state') told.push(`people ${message.state.counts.person}`);
  });
  return { told, reports };
}

t.test('what waits for its snapshot holds up what comes after it', async (t) => {
  const { told, reports } = setUp();
  reports.add(reportOf(1, 1), 7);
  reports.add(reportOf(2));
  reports.add(reportOf(3, 1), 9);
  t.strictSame(told, []);
  reports.attach(9, [Buffer.of(90)]);
  t.strictSame(told, []);
  reports.attach(7, [Buffer.of(70)]);
  t.strictSame(told, ['jpeg 70', 'people 1', 'people 2', 'jpeg 90', 'people 3']);
  t.equal(reports.snapshotsGivenUp, 0);
});

t.test('whoever asked for the whole picture gets the one behind the snapshots', async (t) => {
  const { reports } = setUp();
  const taken: (Uint8Array | undefined)[] = [];
  const taker = { full: false, take: (jpeg: Uint8Array | undefined) => taken.push(jpeg) };
  reports.add(reportOf(1, 2), 7, [taker]);
  reports.attach(7, [Buffer.of(1), Buffer.of(2), Buffer.of(3)]);
  reports.add(reportOf(1, 1), 8, [taker]);
  reports.attach(8, []); // it could not be encoded
  t.strictSame(taken, [Buffer.of(3), undefined]);
});

t.test('events go without the snapshots that are given up, and those are counted', async (t) => {
  const { told, reports } = setUp();
  reports.add(reportOf(1, 2), 7);
  reports.add(reportOf(2));
  reports.add(reportOf(3, 1), 9);
  reports.giveUp();
  t.strictSame(told, ['people 1', 'people 2', 'people 3']);
  t.equal(reports.snapshotsGivenUp, 3);
  reports.attach(7, [Buffer.of(70)]);
  t.equal(told.length, 3, 'what comes after that is too late');
});

import type { SceneReport } from '../pipeline/scene.js';
import type { PictureTaker } from './picture-takers.js';
import type { FromEngine } from './protocol.js';

/** A report, and who wants the whole picture that it was made of. */
interface Waiting {
  /** The number of its frame, while its pictures are being made. */
  awaits: number | undefined;
  report: SceneReport;
  takers: PictureTaker[];
  /** One a shot, then one a taker. */
  jpegs: Uint8Array[];
}

/**
 * One camera's reports on their way out. They leave in the order in which they came, each when its pictures are there, so
 * that a snapshot always comes before the event that speaks of it.
 */
export class ReportQueue {
  /** Snapshots that were waited for no longer: their events went without. */
  snapshotsGivenUp = 0;
  readonly #waiting: Waiting[] = [];

  constructor(
    private readonly camera: string,
    private readonly send: (message: FromEngine) => void,
  ) {}

  /** @param awaits the number of the frame whose pictures are being made for it; undefined where none are */
  add(report: SceneReport, awaits?: number, takers: PictureTaker[] = []): void {
    this.#waiting.push({ awaits, report, takers, jpegs: [] });
    this.#flush();
  }

  /** What comes too late is for nobody. */
  attach(frame: number, jpegs: Uint8Array[]): void {
    const waiting = this.#waiting.find(({ awaits }) => awaits === frame);
    if (waiting === undefined) return;
    waiting.awaits = undefined;
    waiting.jpegs = jpegs;
    this.#flush();
  }

  /** What waits for its pictures goes without. */
  giveUp(): void {
    for (const waiting of this.#waiting) {
      if (waiting.awaits === undefined) continue;
      waiting.awaits = undefined;
      this.snapshotsGivenUp += waiting.report.shots.length;
    }
    this.#flush();
  }

  #flush(): void {
    while (this.#waiting[0] !== undefined && this.#waiting[0].awaits === undefined) {
      this.#tell(this.#waiting.shift() as Waiting);
    }
  }

  #tell({ report, takers, jpegs }: Waiting): void {
    const { camera, send } = this;
    report.shots.forEach(({ track, class: name }, i) => {
      const jpeg = jpegs[i];
      if (jpeg !== undefined) send({ kind: 'snapshot', snapshot: { camera, track, class: name, jpeg } });
    });
    for (const observation of report.observations) send({ kind: 'observation', observation });
    if (report.state !== undefined) send({ kind: 'state', state: report.state });
    takers.forEach(({ take }, i) => {
      take(jpegs[report.shots.length + i]);
    });
  }
}

import type { Detection } from '../contract/detection.js';
import type { Attribute, EndReason, Observation } from '../contract/event.js';
import type { Explanation } from '../contract/explanation.js';
import type { Box, Point } from '../contract/geometry.js';
import type { LiveTrack } from '../contract/live.js';
import type { CaptureTime } from '../timing/monotonic.js';
import type { Size } from './capture/input-size.js';
import type { TakenPicture } from './capture/preparation.js';
import { toWhole } from './capture/region.js';
import { isCutBySeam, seamsOf } from './capture/tiles.js';
import type { Detector } from './network.js';
import type { Outliner } from './outliner.js';
import { Scene, type SceneOptions, type SceneReport } from './scene.js';
import type { StageClock } from './stage-clock.js';

/** What was made of a picture. */
export interface Analysed {
  /** Boxes are fractions of the whole picture, also if a part of it was analysed; undefined for a still picture. */
  detections: Detection[] | undefined;
  report: SceneReport;
}

export interface AnalysisOptions extends Omit<SceneOptions, 'aspect'> {
  /** Finds outlines, where they are wanted. */
  outliner?: Outliner;
}

/**
 * The engine's side of what is done with a camera's pictures: detect, track, observe. The side of the capture threads is
 * `Preparation`; the daemon and the benchmarks both run these two.
 */
export class Analysis {
  #scene: Scene | undefined;
  #minScore: number | undefined;
  /** When the tracks were ended last, on the monotonic clock. */
  #endedMs = Number.NEGATIVE_INFINITY;
  /** What was observed in a picture whose outlines are on their way. */
  #untold: SceneReport | undefined;

  /** @param clock is told when a picture has passed a stage */
  constructor(
    private options: AnalysisOptions,
    private readonly detector: Pick<Detector, 'detect'>,
    private readonly clock?: StageClock,
  ) {}

  get openTracks(): number {
    return this.#scene?.openTracks ?? 0;
  }

  /** The tracks that are told and not over, as they stand in the newest picture. */
  get shown(): LiveTrack[] {
    return this.#scene?.shown ?? [];
  }

  /** A second look at the same picture would change nothing. */
  get settled(): boolean {
    return this.#scene?.settled ?? false;
  }

  /**
   * Other settings or another model, from the next picture on; see {@link Scene.use}.
   *
   * @param time now
   * @returns undefined if no picture has come yet
   */
  use(change: Pick<SceneOptions, 'settings' | 'events' | 'model'>, time: CaptureTime): SceneReport | undefined {
    this.options = { ...this.options, ...change };
    this.#minScore = undefined;
    return this.#scene?.use(change, time);
  }

  /** The score from which a detection makes a track, from the next picture on. 0..1. */
  set minScore(minScore: number) {
    this.#minScore = minScore;
    if (this.#scene !== undefined) this.#scene.minScore = minScore;
  }

  /** @returns undefined if the tracks have been ended since the picture was taken */
  async look(picture: TakenPicture): Promise<Analysed | undefined> {
    if (picture.takenMs < this.#endedMs) return undefined;
    const { width, height } = picture.picture;
    const scene = this.#sceneOf(width / height);
    const { region } = this.options.settings;
    const seen = picture.still
      ? undefined
      : await detectIn(picture, region, this.detector, scene.lowestScore, this.clock);
    if (picture.takenMs < this.#endedMs) return undefined; // while the network looked
    const reshaped = scene.reshape(width / height, picture);
    if (seen !== undefined) scene.follow(seen.detections, picture, seen.seams);
    const isOutlined = seen === undefined || (await this.#outlineNeeded(scene, picture));
    if (picture.takenMs < this.#endedMs) return undefined;
    const told = seen === undefined ? scene.rest(picture) : scene.tell(seen.detections, picture, wholeInput(picture));
    told.observations.unshift(...reshaped.observations);
    told.state ??= reshaped.state;
    const report = isOutlined ? told : await this.#outlineTold(scene, told, picture);
    if (report === undefined) return undefined;
    this.clock?.('track and events');
    return { detections: seen?.detections, report };
  }

  /**
   * Ends all open tracks, because no more pictures come for now.
   *
   * @param time now
   */
  end(reason: EndReason, time: CaptureTime): SceneReport | undefined {
    this.#endedMs = time.monotonicMs;
    const report = this.#scene?.end(reason, time);
    if (this.#untold !== undefined) report?.observations.unshift(...this.#untold.observations);
    this.#untold = undefined;
    return report;
  }

  /** What was seen in the last seconds, and why it was told or not; undefined if no picture has come yet. */
  explain(seconds: number, time: CaptureTime, place?: Point): Explanation | undefined {
    return this.#scene?.explain(seconds, time, place);
  }

  /** See {@link Scene.describe}. */
  describe(track: string, name: string, attribute: Attribute): void {
    this.#scene?.describe(track, name, attribute);
  }

  /** Places that are learnt as background. */
  get backgroundPlaces(): number {
    return this.#scene?.background.length ?? 0;
  }

  clearBackground(): void {
    this.#scene?.clearBackground();
  }

  /** Before anything is told: zones need to know where objects stand. @returns whether the picture was segmented, or tried */
  async #outlineNeeded(scene: Scene, picture: TakenPicture): Promise<boolean> {
    const { outliner } = this.options;
    if (outliner?.isOn !== true || !scene.needsOutlines) return false;
    const find = await outliner.look(picture);
    if (find !== undefined) scene.outline(find);
    return true;
  }

  /** @returns the report with outlines; undefined where {@link end} has told it meanwhile */
  async #outlineTold(scene: Scene, report: SceneReport, picture: TakenPicture): Promise<SceneReport | undefined> {
    const isWanted = ({ type, outline }: Observation) => type !== 'end' && outline === undefined;
    const { outliner } = this.options;
    if (outliner?.isOn !== true || !report.observations.some(isWanted)) return report;
    this.#untold = report;
    const find = await outliner.look(picture);
    if (this.#untold === undefined) return undefined;
    this.#untold = undefined;
    if (find !== undefined) scene.outline(find, report.observations);
    return report;
  }

  #sceneOf(aspect: number): Scene {
    if (this.#scene === undefined) {
      this.#scene = new Scene({ ...this.options, aspect });
      if (this.#minScore !== undefined) this.#scene.minScore = this.#minScore;
    }
    return this.#scene;
  }
}

/** What is seen in a picture, or in the part of it that was looked at. */
export interface Seen {
  /** Boxes are fractions of the whole picture. */
  detections: Detection[];
  /** Of a tile, see {@link seamsOf}. */
  seams: Box | undefined;
}

/**
 * What a seam between tiles cuts is left out: the look at the whole shows all of it.
 *
 * @param area that is analysed, if that is not the whole picture
 * @param minScore 0..1
 */
export async function detectIn(
  { tensor, region, isTile }: Pick<TakenPicture, 'tensor' | 'region' | 'isTile'>,
  area: Box | undefined,
  detector: Pick<Detector, 'detect'>,
  minScore: number,
  clock?: StageClock,
): Promise<Seen> {
  const found = await detector.detect(tensor, minScore, clock);
  if (region === undefined) return { detections: found, seams: undefined };
  const detections = found.map((detection) => ({ ...detection, box: toWhole(detection.box, region) }));
  if (!isTile) return { detections, seams: undefined };
  const seams = seamsOf(region, area);
  return { detections: detections.filter(({ box }) => !isCutBySeam(box, seams)), seams };
}

/** Pixels of the network's input that a whole picture covers, or would if it were not looked at in part. */
export function wholeInput({
  tensor: { fitted },
  region: [left, top, right, bottom] = [0, 0, 1, 1],
}: Pick<TakenPicture, 'tensor' | 'region'>): Size {
  return { width: fitted.width / (right - left), height: fitted.height / (bottom - top) };
}

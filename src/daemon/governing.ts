import { isDeepStrictEqual } from 'node:util';
import type { Settings } from '../config/schema.js';
import type { GovernorHealth, SensorsHealth } from '../contract/health.js';
import { usualInputPixels } from '../contract/running-model.js';
import { Governor, sizesFrom } from '../device/governor/governor.js';
import type { FromEngine } from '../engine/protocol.js';
import type { Configuration } from './configuration.js';
import type { Control } from './control.js';
import type { Log } from './log.js';

export type Heartbeat = Extract<FromEngine, { kind: 'heartbeat' }>;

/** Puts the governor between the board's sensors and the cameras. */
export class Governing {
  readonly #governor: Governor;
  readonly #limits: Settings['limits'];
  /** Pixels of the network's input, at most; undefined where no engine has said it so far. */
  readonly #input: number | undefined;
  #lastBeat: Heartbeat | undefined;
  #lastOwn: { atMs: number; cpuSeconds: number } | undefined;
  #logged = '';

  private constructor(
    private readonly configuration: Configuration,
    private readonly control: Control,
    private readonly log: Log,
  ) {
    this.#limits = configuration.settings.limits;
    const { fixed } = configuration.model.card.input;
    this.#input = configuration.input?.pixels;
    const sizes = fixed
      ? { fractions: [1], usual: 0 }
      : configuration.settings.model.size === 'auto'
        ? sizesFrom((this.#input ?? 0) / usualInputPixels)
        : undefined;
    this.#governor = new Governor(this.#limits, sizes);
  }

  /** The one for the limits and the input in force: the present one while they are the same, none where nothing is limited. */
  static of(
    present: Governing | undefined,
    configuration: Configuration,
    control: Control,
    log: Log,
  ): Governing | undefined {
    const { limits } = configuration.settings;
    const isSame = present !== undefined && present.#input === configuration.input?.pixels;
    if (isSame && isDeepStrictEqual(present.#limits, limits)) return present;
    return Object.keys(limits).length === 0 ? undefined : new Governing(configuration, control, log);
  }

  /**
   * Looks at the sensors and tells the cameras. Never rejects.
   *
   * @param nowMs milliseconds that only ever go up
   */
  async next(sensors: SensorsHealth, beat: Heartbeat, nowMs: number): Promise<GovernorHealth> {
    const { rate, pixels, heldBackBy, holds, reason } = this.#governor.next({
      atMs: nowMs,
      temperature: sensors.temperature.value,
      watts: sensors.power.value,
      ...this.#use(beat),
      // A sagging supply throttles, too, and cooling is no help.
      throttled: sensors.throttled.value && !sensors.underVoltage.value,
    });
    try {
      await this.control.govern({ rate, pixels });
    } catch (error) {
      this.log.error(`governor  another input size could not be put in force: ${(error as Error).message}`);
    }
    this.#tell(rate, pixels, holds, reason);
    return { rate: Math.round(rate * 1000) / 1000, pixels, heldBackBy, holds, reason, limits: this.#governor.limits };
  }

  /** Of both processes, per cent of one core; and what the cameras gave of what they were wished to. */
  #use(beat: Heartbeat): { cpu: number | null; achieved: number | null } {
    const { user, system } = process.cpuUsage();
    const own = { atMs: performance.now(), cpuSeconds: (user + system) / 1e6 };
    const [lastBeat, lastOwn] = [this.#lastBeat, this.#lastOwn];
    this.#lastBeat = beat;
    this.#lastOwn = own;
    // A new engine counts from zero.
    if (lastBeat === undefined || lastOwn === undefined || beat.cpuSeconds < lastBeat.cpuSeconds) return nothingKnown;
    if (beat.at <= lastBeat.at) return nothingKnown;
    const percent = (seconds: number, ms: number) => (100 * 1000 * seconds) / ms;
    const cpu =
      percent(beat.cpuSeconds - lastBeat.cpuSeconds, beat.at - lastBeat.at) +
      percent(own.cpuSeconds - lastOwn.cpuSeconds, own.atMs - lastOwn.atMs);
    return { cpu, achieved: this.#achieved(lastBeat, beat) };
  }

  /** Null where no camera gives pictures: one that is off or away asks nothing of the board, and says nothing of it. */
  #achieved(last: Heartbeat, beat: Heartbeat): number | null {
    let frames = 0;
    let wished = 0;
    for (const [camera, { frames: count, state }] of Object.entries(beat.cameras)) {
      const before = last.cameras[camera];
      const { detect, fps } = this.configuration.cameraSettings(camera);
      if (!detect || state !== 'live' || before?.state !== 'live' || count < before.frames) continue;
      frames += count - before.frames;
      wished += (fps * (beat.at - last.at)) / 1000;
    }
    return wished > 0 ? frames / wished : null;
  }

  /** The log hears of every tenth of the rate, and of what is new. */
  #tell(rate: number, pixels: number, holds: boolean, reason: string): void {
    const news = `${Math.round(rate * 10)} ${pixels} ${holds}`;
    if (news === this.#logged) return;
    this.#logged = news;
    if (holds) this.log.info(`governor  ${reason}`);
    else this.log.warn(`governor  ${reason}`);
  }
}

const nothingKnown = { cpu: null, achieved: null };

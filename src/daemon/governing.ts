import type { Settings } from '../config/schema.js';
import type { CameraHealth, GovernorHealth, SensorsHealth } from '../contract/health.js';
import { Governor } from '../device/governor/governor.js';
import type { Control } from './control.js';
import type { Log } from './log.js';

/** What the engine said last of what it does. */
export interface EngineUse {
  cpuSeconds: number;
  cameras: Record<string, CameraHealth>;
}

/** Pictures of all cameras since the start of their engine. */
export function analysed(cameras: EngineUse['cameras']): number {
  return Object.values(cameras).reduce((sum, camera) => sum + camera.frames, 0);
}

/** Puts the governor between the board's sensors and the cameras. */
export class Governing {
  readonly #governor: Governor;
  #limits: Settings['limits'];
  #last: { atMs: number; cpuSeconds: number; frames: number } | undefined;
  #logged = '';

  private constructor(
    limits: Settings['limits'],
    private readonly control: Control,
    private readonly log: Log,
  ) {
    this.#limits = limits;
    const { fixed } = control.model.card.input;
    this.#governor = new Governor(limits, fixed ? [1] : undefined);
  }

  /** None where nothing is limited. */
  static of(control: Control, log: Log): Governing | undefined {
    const { limits } = control.settings;
    return Object.keys(limits).length === 0 ? undefined : new Governing(limits, control, log);
  }

  /** Whether it holds these limits; else another one must. */
  holds(limits: Settings['limits']): boolean {
    return this.#limits === limits;
  }

  /**
   * Looks at the sensors and tells the cameras. Never rejects.
   *
   * @param nowMs milliseconds that only ever go up
   */
  async next(sensors: SensorsHealth, engine: EngineUse, nowMs: number): Promise<GovernorHealth> {
    const { rate, pixels, heldBackBy, holds, reason } = this.#governor.next({
      atMs: nowMs,
      temperature: sensors.temperature.value,
      watts: sensors.power.value,
      ...this.#use(engine, nowMs),
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
  #use(
    { cpuSeconds: engineSeconds, cameras }: EngineUse,
    nowMs: number,
  ): { cpu: number | null; achieved: number | null } {
    const { user, system } = process.cpuUsage();
    const cpuSeconds = engineSeconds + (user + system) / 1e6;
    const frames = analysed(cameras);
    const before = this.#last;
    this.#last = { atMs: nowMs, cpuSeconds, frames };
    // A new engine counts from zero.
    if (before === undefined || frames < before.frames || cpuSeconds < before.cpuSeconds) return nothingKnown;
    const seconds = (nowMs - before.atMs) / 1000;
    const cpu = (100 * (cpuSeconds - before.cpuSeconds)) / seconds;
    return { cpu, achieved: (frames - before.frames) / (seconds * this.control.wishedRate) };
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

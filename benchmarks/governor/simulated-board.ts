/** One way of the heat: so many degrees a watt, that fast (seconds). Their sum is the chip above the air. */
export interface ThermalStage {
  perWatt: number;
  seconds: number;
}

export interface SimulatedBoardOptions {
  name: string;
  /** From the chip outwards. The air warms the chip through the last one, the slowest. */
  stages: readonly ThermalStage[];
  /** Without work, watts. */
  idleWatts: number;
  /** Of a picture, for what does not depend on the input's size (decoding), and for the network at full size. Joules. */
  decodeJoules: number;
  inferenceJoules: number;
  /** Wished for, pictures a second. */
  fps: number;
  /** Standard deviation and step of the temperature sensor, °C. */
  noise: number;
  quantum: number;
  limit: number;
}

/** A board whose chip is a chain of RC elements (Foster form), and whose power follows rate and input size. */
export class SimulatedBoard {
  readonly #rises: number[];

  constructor(
    private readonly options: SimulatedBoardOptions,
    /** The air as the chip feels it, °C. */
    private air: number,
  ) {
    this.#rises = options.stages.map(({ perWatt }) => perWatt * options.idleWatts); // it has stood there for hours
  }

  get #airSeconds(): number {
    return this.options.stages.at(-1)?.seconds ?? 1;
  }

  /** What the chip really has, °C. */
  get temperature(): number {
    return this.air + this.#rises.reduce((sum, rise) => sum + rise, 0);
  }

  /** @param rate fraction of the wished rate; @param pixels fraction of the usual input */
  wattsAt(rate: number, pixels: number): number {
    const { idleWatts, fps, decodeJoules, inferenceJoules } = this.options;
    return idleWatts + rate * fps * (decodeJoules + inferenceJoules * pixels);
  }

  advance(seconds: number, ambient: number, rate: number, pixels: number): void {
    const { stages } = this.options;
    const watts = this.wattsAt(rate, pixels);
    this.air += (ambient - this.air) * (1 - Math.exp(-seconds / this.#airSeconds));
    stages.forEach(({ perWatt, seconds: tau }, i) => {
      const rise = this.#rises[i] ?? 0;
      this.#rises[i] = rise + (perWatt * watts - rise) * (1 - Math.exp(-seconds / tau));
    });
  }

  /**
   * The rate after which the chip has exactly the limit, or 1: all that a controller that knows the model, the air and
   * the chip without error can take without ever being above it.
   */
  perfectRate(seconds: number, ambient: number, pixels: number): number {
    const { stages, limit } = this.options;
    let cool = this.air + (ambient - this.air) * (1 - Math.exp(-seconds / this.#airSeconds));
    let perWatt = 0;
    stages.forEach((stage, i) => {
      const share = 1 - Math.exp(-seconds / stage.seconds);
      cool += (this.#rises[i] ?? 0) * (1 - share);
      perWatt += stage.perWatt * share;
    });
    const watts = (limit - cool) / perWatt;
    const idle = this.wattsAt(0, pixels);
    return Math.min(1, Math.max(0, (watts - idle) / (this.wattsAt(1, pixels) - idle)));
  }

  /** What the sensor says; `random` gives 0..1. */
  sense(random: () => number): number {
    const { noise, quantum } = this.options;
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.round((this.temperature + noise * normal) / quantum) * quantum;
  }
}

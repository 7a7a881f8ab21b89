import { type ClockDomain, readClocks } from './cpu.js';
import { type GpuReadings, readGpu, readPowerMode } from './gpu.js';
import { findPowerMeter } from './power/find.js';
import type { Clock, PowerMeter, PowerReading, Reading } from './reading.js';
import { System } from './system.js';
import { readFan, readTemperature, readThrottling, readUnderVoltage, type Throttling } from './thermal.js';

/** All that the board can say of itself at one moment. */
export interface SensorReadings {
  power: Reading;
  temperature: Reading;
  clocks: ClockDomain[];
  throttling: Reading<Throttling>;
  underVoltage: Reading<boolean>;
  fan: Reading;
  powerMode: Reading<string>;
  gpu: GpuReadings;
}

/** The board's sensors. Readings never reject: what vanishes, hangs or raves is null with why. */
export class Sensors {
  private constructor(
    private readonly system: System,
    private readonly meter: PowerMeter,
  ) {}

  /** @param now milliseconds that only ever go up */
  static async find(system: System = new System(), now?: Clock): Promise<Sensors> {
    return new Sensors(system, await findPowerMeter(system, now));
  }

  /** Watts. Cheap enough to be read often; all else is better read every few seconds. */
  power(): Promise<PowerReading> {
    return this.meter.read();
  }

  /** One after the other: each hung file costs a thread, and together they would make healthy ones late. */
  async read(): Promise<SensorReadings> {
    const { overMs: _, ...power } = await this.power();
    return {
      power,
      temperature: await readTemperature(this.system),
      clocks: await readClocks(this.system),
      throttling: await readThrottling(this.system),
      underVoltage: await readUnderVoltage(this.system),
      fan: await readFan(this.system),
      powerMode: await readPowerMode(this.system),
      gpu: await readGpu(this.system),
    };
  }
}

import type { SensorsHealth } from '../contract/health.js';
import type { Reading } from '../device/reading.js';
import { Sensors } from '../device/sensors.js';
import type { System } from '../device/system.js';
import type { Throttling } from '../device/throttling.js';

/** The board's sensors as health tells of them. */
export class BoardSensors {
  private constructor(private readonly sensors: Sensors) {}

  static async find(system?: System): Promise<BoardSensors> {
    return new BoardSensors(await Sensors.find(system));
  }

  /** Never rejects; each hung sensor costs a time-out, so no two reads should overlap. */
  async read(): Promise<SensorsHealth> {
    const { temperature, power, throttling, underVoltage, fan, powerMode, gpu } = await this.sensors.read();
    return {
      temperature: rounded(temperature),
      power: rounded(power),
      throttled: { ...throttling, value: isHeldBack(throttling) },
      underVoltage,
      fan: rounded(fan),
      powerMode,
      gpuClock: rounded(gpu.clock),
      gpuLoad: rounded(gpu.load),
    };
  }
}

/** Whether the firmware slows the chip down now, whatever for. */
function isHeldBack({ value }: Reading<Throttling>): boolean | null {
  return value && (value.now.throttled || value.now.frequencyCapped || value.now.softTemperatureLimit);
}

function rounded(reading: Reading): Reading {
  return { ...reading, value: reading.value && Math.round(reading.value * 100) / 100 };
}

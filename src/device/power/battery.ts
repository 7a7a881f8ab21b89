import { type PowerMeter, type Reading, silent } from '../reading.js';
import type { System } from '../system.js';

const root = 'sys/class/power_supply';

/** The battery that the whole device runs on; not that of a mouse, whose scope is `Device`. */
export async function findBattery(system: System): Promise<PowerMeter | undefined> {
  for (const entry of await system.list(root)) {
    const folder = `${root}/${entry}`;
    const isBattery = (await system.text(`${folder}/type`)) === 'Battery';
    if (isBattery && (await system.text(`${folder}/scope`)) !== 'Device') return new Battery(system, entry, folder);
  }
  return undefined;
}

class Battery implements PowerMeter {
  readonly #known: Reading;

  constructor(
    private readonly system: System,
    name: string,
    private readonly folder: string,
  ) {
    this.#known = { value: null, unit: 'W', source: `battery ${name}`, scope: 'the whole device, while it discharges' };
  }

  async read(): Promise<Reading> {
    const status = await this.system.text(`${this.folder}/status`);
    if (status === undefined) return silent(this.#known, 'the battery does not answer');
    // On mains power it says what goes into the battery, which tells nothing of what the device takes.
    if (status !== 'Discharging') return silent(this.#known, 'the device does not run on its battery now');
    const watts = await this.#watts();
    return watts === undefined
      ? silent(this.#known, 'the battery does not say its power')
      : { ...this.#known, value: watts };
  }

  /** Some drivers count discharging as negative. */
  async #watts(): Promise<number | undefined> {
    const microwatts = await this.system.integer(`${this.folder}/power_now`);
    if (microwatts !== undefined) return Math.abs(microwatts) / 1e6;
    const microamperes = await this.system.integer(`${this.folder}/current_now`);
    const microvolts = await this.system.integer(`${this.folder}/voltage_now`);
    if (microamperes === undefined || microvolts === undefined) return undefined;
    return Math.abs(microamperes * microvolts) / 1e12;
  }
}

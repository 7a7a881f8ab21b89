import { type Clock, type PowerMeter, type PowerReading, type Reading, silent } from '../reading.js';
import type { System } from '../system.js';

const root = 'sys/class/powercap';
/** No package draws more. It bounds how long the counter may go unread before it can have wrapped twice. W. */
const plausibleWatts = 1000;

/** The energy counter of one processor package. */
interface Zone {
  counter: string;
  /** The counter starts over after that much. µJ. */
  range: number;
}

interface Sample {
  /** ms. */
  at: number;
  /** Of each zone. µJ. */
  counters: number[];
}

/** Intel's and AMD's Running Average Power Limit counters: the mean power since the last time it was read. */
export async function findRapl(system: System, now: Clock): Promise<PowerMeter | undefined> {
  const zones: Zone[] = [];
  for (const entry of await system.list(root)) {
    // AMD's processors are called so, too. `intel-rapl-mmio:0` would count the same package a second time.
    if (!entry.startsWith('intel-rapl:')) continue;
    const folder = `${root}/${entry}`;
    const range = await system.integer(`${folder}/max_energy_range_uj`);
    const name = await system.text(`${folder}/name`); // parts of a package are `core`, `uncore`, `dram`
    if (name?.startsWith('package') && range) zones.push({ counter: `${folder}/energy_uj`, range });
  }
  return zones.length === 0 ? undefined : new Rapl(system, zones, now);
}

class Rapl implements PowerMeter {
  readonly #known: Reading;
  #last: Sample | undefined;

  constructor(
    private readonly system: System,
    private readonly zones: readonly Zone[],
    private readonly now: Clock,
  ) {
    const scope = `the processor package${zones.length > 1 ? 's' : ''} only: no board, disk, or power supply`;
    this.#known = { value: null, unit: 'W', source: 'rapl', scope };
  }

  async read(): Promise<PowerReading> {
    const before = this.#last;
    const sample = await this.#sample();
    this.#last = sample;
    if (sample === undefined) return silent(this.#known, 'the energy counter can’t be read: only root may, by default');
    if (before === undefined) return silent(this.#known, 'power shows from the second reading on');
    const seconds = (sample.at - before.at) / 1000;
    if (seconds <= 0) return silent(this.#known, 'no time has passed since the last reading');
    const shortestWrap = Math.min(...this.zones.map(({ range }) => range)) / 1e6 / plausibleWatts;
    if (seconds > shortestWrap)
      return silent(this.#known, 'too long since the last reading: the counter may have wrapped');
    const microjoules = this.zones.map(({ range }, i) => {
      const used = (sample.counters[i] ?? 0) - (before.counters[i] ?? 0);
      return used < 0 ? used + range : used;
    });
    const watts = microjoules.reduce((sum, one) => sum + one, 0) / 1e6 / seconds;
    return { ...this.#known, value: watts, overMs: seconds * 1000 };
  }

  async #sample(): Promise<Sample | undefined> {
    const counters: number[] = [];
    const at = this.now();
    for (const { counter } of this.zones) {
      const value = await this.system.integer(counter);
      if (value === undefined) return undefined;
      counters.push(value);
    }
    return { at, counters };
  }
}

/** °C, W, MHz, revolutions a minute, or per cent of what is possible; empty for yes and no. */
export type Unit = '°C' | 'W' | 'MHz' | 'rpm' | '%' | '';

/** What a sensor says, and how much that is worth. */
export interface Reading<Value = number> {
  /** Null: nothing is known now. */
  value: Value | null;
  unit: Unit;
  /** The sensor, such as `hwmon ina3221 VDD_IN`; `none` where the board has none. */
  source: string;
  /** What the value covers, and what it can't see. */
  scope: string;
  /** Why the value is null, though there is a sensor, with what to do where something can be done. */
  why?: string;
}

/** There is no such sensor. */
export function noSensor(unit: Unit): Reading<never> {
  return { value: null, unit, source: 'none', scope: '' };
}

/** There is a sensor, but it says nothing now. */
export function silent({ unit, source, scope }: Reading<unknown>, why: string): Reading<never> {
  return { value: null, unit, source, scope, why };
}

/** Watts now, or, of a counter of energy, the mean over a time. */
export interface PowerReading extends Reading {
  /** So long before now is the mean of; milliseconds. */
  overMs?: number;
}

/** One way to measure power. `read` never rejects; its value is in watts, or null with why. */
export interface PowerMeter {
  read(): Promise<PowerReading>;
}

/** Milliseconds that only ever go up, such as `performance.now`. */
export type Clock = () => number;

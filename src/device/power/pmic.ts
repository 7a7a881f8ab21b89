import { readCompatible } from '../board.js';
import { type Clock, type PowerMeter, type Reading, silent } from '../reading.js';
import { type System, vcgencmdAdvice } from '../system.js';

/** Each sample starts a process and keeps the firmware busy for some 20 ms: no more than ten a second. ms. */
const shortestMs = 100;

/** The Raspberry Pi 5's power chip, which only the firmware can ask. */
export async function findPmic(system: System, now: Clock): Promise<PowerMeter | undefined> {
  if (!(await readCompatible(system)).includes('brcm,bcm2712')) return undefined;
  let last: { at: number; reading: Promise<Reading> } | undefined;
  return {
    read() {
      const at = now();
      if (last === undefined || at - last.at >= shortestMs) last = { at, reading: sample(system) };
      return last.reading;
    },
  };
}

async function sample(system: System): Promise<Reading> {
  const known: Reading = {
    value: null,
    unit: 'W',
    source: 'vcgencmd pmic_read_adc',
    scope: 'the rails of the power chip; not USB devices, HATs, other 5 V loads, nor what the chip itself loses',
  };
  const result = await system.run('vcgencmd', ['pmic_read_adc']);
  if ('failure' in result) return silent(known, vcgencmdAdvice(result.failure));
  const watts = sumRails(result.stdout);
  return watts === undefined ? silent(known, 'vcgencmd printed something else than rails') : { ...known, value: watts };
}

/**
 * The sum of V x I over the rails, W; undefined where a rail has a current but no voltage, or there is none at all.
 * `EXT5V_V` and `BATT_V` have no current: they are left out, and with them all that hangs on 5 V directly.
 */
export function sumRails(text: string): number | undefined {
  const volts = new Map<string, number>();
  const amperes = new Map<string, number>();
  for (const [, rail, kind, value] of text.matchAll(/^\s*(\w+)_([AV]) (?:current|volt)\(\d+\)=(\d+\.\d+)[AV]\s*$/gm)) {
    (kind === 'A' ? amperes : volts).set(rail ?? '', Number(value));
  }
  if (amperes.size === 0) return undefined;
  let sum = 0;
  for (const [rail, current] of amperes) {
    const voltage = volts.get(rail);
    if (voltage === undefined) return undefined;
    sum += voltage * current;
  }
  return sum;
}

import type { Board } from '../../device/board.js';
import type { GpuReadings } from '../../device/gpu.js';
import type { Machine } from '../../device/machine.js';
import type { Reading } from '../../device/reading.js';
import type { SensorReadings } from '../../device/sensors.js';
import type { ThrottleFlags } from '../../device/thermal.js';
import { type Check, ok, warn } from './check.js';

/** Boards throttle from 80 to 85 °C on. */
const hot = 80;

export function checkBoard(board: Board): Check {
  const { model, soc, cpu, memoryBytes, os } = board;
  const kinds = cpu.kinds.map(({ name, count }) => `${count} x ${name}`).join(' + ');
  const features = Object.entries(cpu.features).flatMap(([name, present]) => (present ? [name] : []));
  const jetson = os.jetson && `JetPack ${os.jetson.jetpack ?? '(unknown)'}, L4T ${os.jetson.l4t}`;
  const parts = [
    model,
    soc,
    `${kinds || `${cpu.cores} cores`}${features.length > 0 ? ` (${features.join(', ')})` : ''}`,
    `${(memoryBytes / 2 ** 30).toFixed(1)} GiB`,
    os.name,
    jetson,
  ];
  return ok('board', parts.filter(Boolean).join(', '));
}

export function checkMachine({ kernel, virtualHost, graphics }: Machine): Check {
  const where = virtualHost === undefined ? 'not virtual' : `virtual (${virtualHost}): its sensors are the host’s`;
  return ok('machine', [`kernel ${kernel}`, where, ...graphics].join(', '));
}

/** A line for each sensor; having none is no fault. */
export function checkSensors(readings: SensorReadings, board: Board): Check[] {
  const { power, temperature, fan, powerMode, gpu } = readings;
  return [
    checkReading('power', power, 'measures no power; an INA219 or INA226 in its supply would'),
    (temperature.value ?? 0) >= hot
      ? warn('temperature', describe(temperature), 'give the board a heat sink, a fan, or fewer frames a second')
      : checkReading('temperature', temperature, 'has no sensor of the chip’s temperature'),
    checkClocks(readings, board),
    checkThrottling(readings),
    checkReading('fan', fan, 'has no fan that the kernel knows'),
    ...(powerMode.source === 'none' ? [] : [checkPowerMode(powerMode)]),
    ...(gpu.clock.source === 'none' ? [] : [checkGpu(gpu)]),
  ];
}

function checkReading(name: string, reading: Reading, without: string): Check {
  if (reading.source === 'none') return ok(name, `none: this board ${without}`);
  if (reading.value !== null) return ok(name, describe(reading));
  return warn(name, `${reading.source} says nothing`, reading.why ?? 'see whether its driver is loaded');
}

function describe({ value, unit, source, scope }: Reading): string {
  return `${value?.toFixed(1)} ${unit} (${source}: ${scope})`;
}

function checkPowerMode({ value, source, scope, why }: Reading<string>): Check {
  return value === null
    ? warn('power mode', `${source} says nothing`, why ?? '')
    : ok('power mode', `${value} (${scope})`);
}

function checkGpu({ clock, limit, load }: GpuReadings): Check {
  const silent = [clock, limit, load].find(({ value }) => value === null);
  if (silent !== undefined) return checkReading('GPU', silent, '');
  const said = `${clock.value} of ${limit.value} MHz, load ${load.value?.toFixed(1)} %`;
  return ok('GPU', `${said} (${clock.source}: ${clock.scope})`);
}

function checkClocks({ clocks }: SensorReadings, board: Board): Check {
  if (clocks.length === 0) return ok('clocks', 'none: the kernel does not scale them here');
  const said = clocks
    .map(({ cores, current, limit, governor }) => {
      return `cores ${cores.join(' ')} at ${current.value ?? '?'} of ${limit.value ?? '?'} MHz, ${governor ?? 'no governor'}`;
    })
    .join('; ');
  // On PCs `powersave` is the name of a governor that does speed up.
  const slow = board.soc !== undefined && clocks.some(({ governor }) => governor === 'powersave');
  const advice = 'choose a governor that speeds up: `cpupower frequency-set --governor ondemand`';
  return slow ? warn('clocks', said, advice) : ok('clocks', said);
}

function checkThrottling({ throttling, underVoltage }: SensorReadings): Check {
  const name = 'throttling';
  const supply = 'use the power supply and cable that the board’s maker sells for it';
  if (throttling.value === null) {
    if (underVoltage.value) return warn(name, `under-voltage now (${underVoltage.source})`, supply);
    if (throttling.source === 'none') return ok(name, 'none: this board does not tell');
    return warn(name, `${throttling.source} says nothing`, throttling.why ?? 'see whether it works by hand');
  }
  const { now, sinceBoot } = throttling.value;
  const said = [...words(now).map((word) => `${word} now`), ...words(sinceBoot).map((word) => `${word} since boot`)];
  if (underVoltage.value && !now.underVoltage) said.unshift('under-voltage now');
  if (said.length === 0) return ok(name, `none now, none since boot (${throttling.source})`);
  const sags = underVoltage.value || now.underVoltage || sinceBoot.underVoltage;
  return warn(name, said.join(', '), sags ? supply : 'give the board a heat sink, a fan, or fewer frames a second');
}

function words(flags: ThrottleFlags): string[] {
  return [
    flags.underVoltage ? 'under-voltage' : '',
    flags.frequencyCapped ? 'clock capped' : '',
    flags.throttled ? 'throttled' : '',
    flags.softTemperatureLimit ? 'soft temperature limit' : '',
  ].filter(Boolean);
}

import { findHwmon } from './hwmon.js';
import { noSensor, type Reading, silent } from './reading.js';
import type { System } from './system.js';

/** What a chip that still runs can have; others are said by sensors that are off (-256) or mad. °C. */
const plausible = { lowest: -40, highest: 125 };
/** Zones of the chip. Left out: a Jetson's `PMIC-Die`, which always says 100, and of PCs the board and the radio. */
const chipZones = /cpu|gpu|soc|tj|x86_pkg/i;
/** Drivers of the chip's own sensor where there is no such zone. */
const chipDrivers = ['coretemp', 'k10temp', 'zenpower', 'cpu_thermal'];

/** The hottest place of the chip, °C, which is what the firmware throttles by. */
export async function readTemperature(system: System): Promise<Reading> {
  const sensors = [...(await findZones(system)), ...(await findChips(system))];
  let hottest: Reading | undefined;
  for (const { file, source } of sensors) {
    const millidegrees = await system.integer(file);
    const value = millidegrees === undefined ? undefined : millidegrees / 1000;
    if (value === undefined || value < plausible.lowest || value > plausible.highest) continue;
    if (hottest === undefined || value > (hottest.value ?? 0)) hottest = { value, unit: '°C', source, scope };
  }
  const [first] = sensors;
  if (first === undefined) return noSensor('°C');
  return hottest ?? silent({ value: null, unit: '°C', source: first.source, scope }, 'no sensor of the chip answers');
}

const scope = 'the hottest place of the chip; not the board, the camera or the air';

interface Sensor {
  /** Millidegrees Celsius. */
  file: string;
  source: string;
}

async function findZones(system: System): Promise<Sensor[]> {
  const root = 'sys/class/thermal';
  const sensors: Sensor[] = [];
  for (const zone of await system.list(root)) {
    const type = zone.startsWith('thermal_zone') ? await system.text(`${root}/${zone}/type`) : undefined;
    if (type && chipZones.test(type)) sensors.push({ file: `${root}/${zone}/temp`, source: `thermal zone ${type}` });
  }
  return sensors;
}

async function findChips(system: System): Promise<Sensor[]> {
  const devices = await findHwmon(system, chipDrivers);
  return devices.map(({ name, folder }) => ({ file: `${folder}/temp1_input`, source: `hwmon ${name}` }));
}

import { defaultSettings, type LoadedSettings, loadSettings } from '../config/load.js';
import type { Redactor } from '../config/mask.js';
import { type ExitReason, exitCodes } from '../contract/errors.js';
import { readBoard } from '../device/board.js';
import { readMachine } from '../device/machine.js';
import { Sensors } from '../device/sensors.js';
import { System } from '../device/system.js';
import { checkBoard, checkMachine, checkSensors } from './doctor/board.js';
import { checkBroker } from './doctor/broker.js';
import { checkCameras } from './doctor/cameras.js';
import { type Check, failed, ok, warn } from './doctor/check.js';
import { checkGroups, checkState, checkTime } from './doctor/host.js';
import { checkModel, checkTuning } from './doctor/model.js';

export interface DoctorOptions {
  /** The settings file. */
  config?: string;
  /** One JSON document in place of text. */
  json: boolean;
}

/** What `--json` prints. */
export interface DoctorReport {
  /** The worst of all checks. */
  status: Check['status'];
  exitCode: number;
  checks: Check[];
}

/**
 * `minspnet doctor`: looks at everything that `run` needs, and says what to do.
 *
 * @returns 0 where nothing fails, else the exit code of the first check that does, which is what `run` would end with
 */
export async function doctor(options: DoctorOptions, redactor: Redactor): Promise<number> {
  const checks: Check[] = [];
  for await (const check of examine(new System(), redactor, options.config)) {
    checks.push(check);
    if (!options.json) process.stdout.write(`${format(check)}\n`);
  }
  const report = summarise(checks);
  if (options.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  return report.exitCode;
}

/** All checks, as they are done. */
export async function* examine(system: System, redactor: Redactor, config: string | undefined): AsyncGenerator<Check> {
  const board = await readBoard(system);
  yield checkBoard(board);
  yield checkMachine(await readMachine());
  const sensors = await Sensors.find(system);
  await sensors.power(); // an energy counter knows the power from the second reading on
  const { checks, settings, originOf } = readSettings(redactor, config);
  const strictPort = originOf(['mqtt', 'broker', 'port']).kind !== 'default';
  yield* checks;
  yield* await checkCameras(system, settings.cameras);
  yield await checkGroups(system);
  yield await checkState(settings);
  yield await checkTime(system);
  yield await checkBroker(settings, strictPort);
  yield* checkSensors(await sensors.read(), board);
  yield* checkModel(settings);
  const tuning = await checkTuning({ settings, originOf });
  if (tuning !== undefined) yield tuning;
}

/** Settings that can't be used fail alone: the rest is looked at with the defaults. */
function readSettings(
  redactor: Redactor,
  config: string | undefined,
): { checks: Check[] } & Pick<LoadedSettings, 'settings' | 'originOf'> {
  try {
    const { settings, file, exposed, originOf } = loadSettings({ file: config, redactor });
    const advice = `run \`chmod o= ${exposed.join(' ')}\``;
    const secrets =
      exposed.length === 0 ? [] : [warn('secrets', `everybody on this machine can read ${exposed.join(', ')}`, advice)];
    return { checks: [ok('settings', file ?? 'no file: defaults only'), ...secrets], settings, originOf };
  } catch (error) {
    return { checks: [failed('settings', error)], settings: defaultSettings(), originOf: () => ({ kind: 'default' }) };
  }
}

/** The first failing check gives the exit code. */
export function summarise(checks: Check[]): DoctorReport {
  const worst = (['fail', 'warn'] as const).find((status) => checks.some((check) => check.status === status));
  const exit: ExitReason = checks.find(({ status }) => status === 'fail')?.exit ?? 'ok';
  return { status: worst ?? 'ok', exitCode: exitCodes[exit], checks };
}

function format({ name, status, message, advice }: Check): string {
  const indent = ' '.repeat(23);
  const line = `${status.padEnd(5)} ${name.padEnd(17)}${message.replaceAll('\n', `\n${indent}`)}`;
  return advice === undefined ? line : `${line}\n${indent}-> ${advice}`;
}

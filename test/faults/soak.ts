import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describe, htmlReport, summarise } from '../support/soak/report.js';
import { type FaultName, faultNames, soak } from '../support/soak/soak.js';

/*
 * `npm run soak -- [--hours H | --minutes M] [--cameras 2] [--fps 5] [--every 20] [--faults reload,swap,engine,broker]
 * [--count N] [--warm-up 0.1] [--report FOLDER]`: the real daemon on looping clips while settings are read again, models are swapped,
 * engines and the broker are killed. Ends with 1 where the daemon died, an event was lost, or a fault was not recovered from.
 */
const { values } = parseArgs({
  options: {
    hours: { type: 'string' },
    minutes: { type: 'string', default: '5' },
    cameras: { type: 'string', default: '2' },
    fps: { type: 'string', default: '5' },
    every: { type: 'string', default: '20' },
    faults: { type: 'string', default: faultNames.join(',') },
    count: { type: 'string' },
    'warm-up': { type: 'string', default: '0.1' },
    report: { type: 'string' },
  },
});

const faults = values.faults.split(',').filter(Boolean) as FaultName[];
const unknown = faults.find((name) => !faultNames.includes(name));
if (unknown !== undefined) throw new Error(`no fault is called "${unknown}"; there are: ${faultNames.join(', ')}`);
const result = await soak({
  seconds: values.hours === undefined ? 60 * Number(values.minutes) : 3600 * Number(values.hours),
  count: values.count === undefined ? Number.POSITIVE_INFINITY : Number(values.count),
  cameras: Number(values.cameras),
  fps: Number(values.fps),
  faults,
  everySeconds: Number(values.every),
  say: (line) => console.log(line),
});
if (result.death !== undefined) console.log(`the daemon ended with ${result.death}`);
const summary = summarise(result, Number(values['warm-up']));
console.log(`load of ${loadavg()[0]?.toFixed(1)} on ${cpus().length} cores at the end\n${describe(summary)}`);
if (values.report !== undefined) {
  await mkdir(values.report, { recursive: true });
  const title = `Soak, ${summary.minutes.toFixed(0)} minutes, ${values.cameras} cameras at ${values.fps} pictures a second`;
  await writeFile(join(values.report, 'soak.json'), `${JSON.stringify(summary, undefined, 2)}\n`);
  await writeFile(join(values.report, 'soak.html'), htmlReport(title, result, summary));
}
const isRecovered = Object.values(summary.faults).every(({ made, recovered }) => made === recovered);
process.exitCode = summary.deaths === 0 && summary.events.lost === 0 && isRecovered ? 0 : 1;

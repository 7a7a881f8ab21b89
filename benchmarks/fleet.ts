/**
 * `npm run fleet -- [--boards 20] [--seconds 60] [--fps 3] [--publishers 0] [--rate 5]`: as many daemons with a drawn source as
 * the machine carries, one mosquitto, Prometheus that scrapes them, and three workers that share a subscription, of which
 * one is killed, and then the broker. Besides, the daemon's publisher and outbox alone, `--publishers` times with `--rate`
 * events a second each. Ends with 1 where an event was lost.
 */
import { spawnSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { findProgram } from '../test/support/broker.js';
import { runFleet } from './fleet-run.js';

const { values } = parseArgs({
  options: {
    boards: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '60' },
    fps: { type: 'string', default: '3' },
    publishers: { type: 'string', default: '0' },
    rate: { type: 'string', default: '5' },
  },
});
const number = (name: keyof typeof values) => Number(values[name]);
const [boards, seconds, fps] = [number('boards'), number('seconds'), number('fps')];
const [publishers, perSecond] = [number('publishers'), number('rate')];
// It ends with an error code after its help.
const version = spawnSync(findProgram('mosquitto') ?? '', ['-h'], { encoding: 'utf8' }).stdout.split('\n')[0];
console.log(`all on one machine: ${cpus().length} x ${cpus()[0]?.model}, load ${loadavg()[0]?.toFixed(1)}, ${version}`);
const say = (line: string) => console.log(line);
const figures = await runFleet({ boards, fps, publishers, perSecond, seconds, workers: 3, say });
const { sent, stored, received, lost, twice, scraped, shares, p50, p99 } = figures;
console.log(
  `${figures.boards} of ${boards} boards at ${fps} pictures a second${publishers > 0 ? `, ${publishers} publishers x ${perSecond} events/s` : ''}, ` +
    `for ${seconds} s; Prometheus reads ${scraped}`,
);
console.log(
  `sent ${sent}, of which ${stored} were stored while the broker was away, received ${received}, lost ${lost}, twice ${twice}`,
);
console.log(
  `of the workers ${shares.join(', ')}; capture to worker p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`,
);
process.exitCode = lost === 0 && figures.boards + publishers > 0 && scraped === figures.boards ? 0 : 1;

// pino: structured logs that journald and log shippers read; text for a terminal is a view of the same lines.
import { stripVTControlCharacters } from 'node:util';
import pino from 'pino';
import type { Settings } from '../config/schema.js';
import { describeEvent } from '../contract/event.js';
import type { CameraStatus } from '../contract/status.js';
import type { Feed } from './feed.js';

export type Log = pino.Logger;

const dim = (text: string) => `\u001b[2m${text}\u001b[22m`;
const levels: Record<number, string> = {
  20: 'debug ',
  40: '\u001b[33mwarning\u001b[39m ',
  50: '\u001b[31merror\u001b[39m ',
};

/** A logger that writes to stdout, as text in a terminal and as JSON lines elsewhere unless the settings say otherwise. */
export function createLog({ level, format }: Settings['log'], colour: boolean): Log {
  const asText = format === 'text' || (format === 'auto' && process.stdout.isTTY === true);
  // Through the stream, not past it: nothing secret is written to that.
  if (!asText) return pino({ level }, { write: (line: string) => process.stdout.write(line) });
  const paint = colour && process.stdout.hasColors?.() === true;
  return pino({ level }, { write: (line: string) => process.stdout.write(toText(line, paint)) });
}

function toText(line: string, paint: boolean): string {
  const { level, time, msg } = JSON.parse(line) as { level: number; time: number; msg: string };
  const text = `${dim(new Date(time).toTimeString().slice(0, 8))} ${levels[level] ?? ''}${msg}\n`;
  return paint ? text : stripVTControlCharacters(text);
}

/** Writes into the log what happens: events, and what becomes of the cameras. */
export function logFeed(feed: Feed, log: Log): void {
  /** The last state and reason of each camera that were written. */
  const written = new Map<string, string>();
  feed.on('observation', (observation) => log.info(`event     ${describeEvent(observation)}`));
  // A camera that is off for a day is tried thousands of times: in the log stands each new reason, and every 100th.
  feed.on('cameraStatus', ({ camera, state, reason = '', code, attempts = 0, retryMs }: CameraStatus) => {
    const retry = retryMs === undefined ? '' : ` Next attempt in ${(retryMs / 1000).toFixed(1)} s.`;
    const line = `camera    ${camera}: ${state}, ${reason}${retry}`;
    const isNews = written.get(camera) !== `${state} ${reason}` || attempts % 100 === 0;
    written.set(camera, `${state} ${reason}`);
    if (!isNews) log.debug(line);
    else if (code !== undefined) log.error(line);
    else if (state === 'stalled' || reason.includes('WARNING'))
      log.warn(line); // a certificate that nobody checks
    else log.info(line);
  });
}

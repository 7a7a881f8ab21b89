import { connect } from '../client/index.js';
import { loadSettings } from '../config/load.js';
import type { Redactor } from '../config/mask.js';
import { exitCodes } from '../contract/errors.js';
import { type ExplainedCandidate, type Explanation, explanation } from '../contract/explanation.js';
import type { Point } from '../contract/geometry.js';
import { brokerOf, withAdvice } from './watch.js';

export interface ExplainOptions {
  /** The settings file that names node and broker. */
  config?: string;
  /** The broker, in place of the settings'. */
  url?: string;
  /** The board, in place of the settings'. */
  node?: string;
  /** Seconds to look back. */
  last: number;
  /** What was seen there alone, as fractions of the picture. */
  at?: Point;
  /** One JSON document in place of text. */
  json: boolean;
}

/** `minspnet explain`: asks a running daemon what a camera saw, and why it was told or not. */
export async function explain(camera: string, options: ExplainOptions, redactor: Redactor): Promise<number> {
  const { settings } = loadSettings({ file: options.config, redactor });
  redactor.addSettings(options.url, []);
  const { urls, access, advice } = brokerOf(settings, options.url);
  const { baseTopic, connectSeconds } = settings.mqtt;
  try {
    await using client = await connect(urls, { baseTopic, connectMs: connectSeconds * 1000, ...access });
    const needs = { camera, minutes: options.last / 60, ...(options.at && { place: options.at }) };
    const answer = explanation.parse(await client.request(options.node ?? settings.node, 'explain', needs));
    process.stdout.write(options.json ? `${JSON.stringify(answer)}\n` : describe(answer));
  } catch (error) {
    throw withAdvice(error, advice);
  }
  return exitCodes.ok;
}

function describe({ camera, from, to, looks, still, notes, background, candidates }: Explanation): string {
  const untold = candidates.filter(({ reason }) => reason !== null);
  const lines = [
    `${camera}, ${timeOf(from)} to ${timeOf(to)} UTC: ${candidates.length} candidates, ${untold.length} not told`,
    `since its engine started the network looked at ${looks} pictures, and was spared ${still} in which nothing moved`,
    ...notes,
    ...background.map(({ class: name, box }) => `background: looks like a ${name} at ${placeOf(box)}`),
    ...candidates.map(line),
  ];
  return `${lines.join('\n')}\n`;
}

function line({ class: name, box, firstAt, lastAt, bestScore, reason, detail }: ExplainedCandidate): string {
  const when = `${timeOf(firstAt)}-${timeOf(lastAt)}`;
  return `${when}  ${name.padEnd(10)} ${bestScore.toFixed(2)} at ${placeOf(box)}  ${reason ?? 'told'}: ${detail}`;
}

function timeOf(iso: string): string {
  return iso.slice(11, 19);
}

function placeOf(box: readonly number[]): string {
  return `[${box.map((edge) => edge.toFixed(3)).join(', ')}]`;
}

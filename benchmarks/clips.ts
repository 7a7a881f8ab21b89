/**
 * `npm run bench:clips -- [--model NAME] [--size WxH] [--tiles 2x1|2x2] [--events DIR] [CLIP…]`: what the daemon tells of each clip (the demo, if none is
 * named), played whole and as fast as possible: tracks by class, and whether every one has one `new` and one `end` and
 * `seq` has no hole. Where `<clip>.truth.json` lies beside it, the events are scored against it. `npm run demo:traffic`
 * draws clips with their truth. --events keeps the events as JSON lines, each with `media`, its seconds into the clip.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Detections } from '../src/contract/detection.js';
import type { EventMessage } from '../src/contract/event.js';
import { EmbeddedBroker } from '../src/mqtt/embedded-broker.js';
import { Listener } from '../test/support/broker.js';
import { type ClipScore, readTruth, scoreClip, type TimedEvent } from './clip-truth.js';

const cli = fileURLToPath(new URL('../src/cli.js', import.meta.url));
const demo = fileURLToPath(new URL('../../demo/street.mp4', import.meta.url));

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', default: 'minspnet-s' },
    size: { type: 'string' },
    tiles: { type: 'string' },
    events: { type: 'string' },
  },
});

const broker = new EmbeddedBroker({ host: '127.0.0.1', port: 0, strict: true });
await broker.start();
for (const clip of positionals.length > 0 ? positionals : [demo]) {
  const { messages, startMs } = await play(clip);
  const events = messages.filter((message) => message.type !== 'gap');
  console.log(`${basename(clip)}, ${options.model}: ${summarise(events)}`);
  const timed = events.map((event): TimedEvent => ({ ...event, media: (event.capturedMonotonicMs - startMs) / 1000 }));
  const truth = await readTruth(clip);
  if (truth !== undefined) for (const row of scoreClip(truth, timed)) console.log(`  ${describe(row)}`);
  if (options.events === undefined) continue;
  const lines = timed.map((event) => JSON.stringify(event));
  await writeFile(join(options.events, `${basename(clip)}.${options.model}.jsonl`), `${lines.join('\n')}\n`);
}
await broker.stop();

/** All events of a clip, in the order heard, and when its first picture was captured on their clock. */
async function play(clip: string): Promise<{ messages: EventMessage[]; startMs: number }> {
  const state = await mkdtemp(join(tmpdir(), 'minspnet-clips-'));
  const listener = await Listener.on(broker.url, '+/+/+/events');
  const pictures = await Listener.on(broker.url, '+/+/+/detections');
  const config = join(state, 'settings.yaml');
  const settings = {
    cameras: { clip: { source: resolve(clip), pace: 'max', tiles: options.tiles } },
    model: { path: options.model, size: options.size?.split('x').map(Number) },
    mqtt: { url: broker.url },
    events: { detections: true },
    stateDirectory: state,
  };
  await writeFile(config, JSON.stringify(settings));
  const child = spawn(process.execPath, [cli, 'run', '--config', config], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`minspnet run ended with ${code} at ${clip}`);
  await Promise.all([listener.stop(), pictures.stop()]);
  await rm(state, { recursive: true });
  const [first] = pictures.json<Detections>('/detections');
  return { messages: listener.json<EventMessage>('/events'), startMs: first?.capturedMonotonicMs ?? 0 };
}

function summarise(events: readonly Exclude<EventMessage, { type: 'gap' }>[]): string {
  const of = (type: string) => events.filter((event) => event.type === type);
  const classes: Record<string, number> = {};
  for (const { class: name } of of('new')) classes[name] = (classes[name] ?? 0) + 1;
  const tracks = Object.entries(classes).map(([name, count]) => `${count} ${name}`);
  const [news, ends] = [of('new'), of('end')].map((list) => new Set(list.map(({ id }) => id)));
  const once = news?.size === of('new').length && ends?.size === of('end').length && news.size === ends.size;
  const whole = events.every(({ seq }, i) => seq === (events[0]?.seq ?? 0) + i);
  return `${tracks.join(', ') || 'nothing'}; ${of('update').length} updates; one new and one end a track: ${once ? 'yes' : 'NO'}; seq without a hole: ${whole ? 'yes' : 'NO'}`;
}

function describe({ class: name, news, right, objects, told, newPerTold, seconds, switches }: ClipScore): string {
  const share = (part: number, whole: number) =>
    `${part} of ${whole}${whole > 0 ? ` (${(part / whole).toFixed(2)})` : ''}`;
  const repeated = newPerTold === undefined ? '' : `; ${newPerTold.toFixed(2)} new each, ${switches} switches`;
  const delay = seconds === undefined ? '' : `, ${seconds.toFixed(2)} s until new`;
  return `${name}: new right ${share(right, news)}; objects told ${share(told, objects)}${repeated}${delay}`;
}

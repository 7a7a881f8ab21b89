/**
 * `npm run bench:tracking -- [--model NAME] [--size WxH] [--tiles 2x1|2x2] [--detections DIR] [--tracks DIR] [--list] CLIP…`: what becomes
 * of the network's detections, on clips with truth beside them (the demo, if none is named; `npm run demo:traffic` draws
 * others): the tracker and the events of one camera, on detections that are made once and kept in DIR. Prints `new` for
 * each object that was told, recall, precision, seconds until `new`, HOTA, IDF1 and identity switches, and the tracker's
 * CPU. With --tracks the tracks of another tracker on the same detections are scored as well: see benchmarks/trackers.py.
 * --objects N prints what following N objects costs beside the network, and nothing else.
 * --list prints for each object when it was seen first, with which scores, and when it was told.
 */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type CameraSettings, settingsSchema } from '../src/config/schema.js';
import type { Observation } from '../src/contract/event.js';
import type { ModelCard } from '../src/contract/model-card.js';
import { loadModel } from '../src/model/load.js';
import type { Tiling } from '../src/pipeline/capture/tiles.js';
import { Scene } from '../src/pipeline/scene.js';
import { kindOf } from '../src/pipeline/track/classes.js';
import { iou } from '../src/pipeline/track/overlap.js';
import { type ClipDetections, detectionsOf } from './clip-detections.js';
import { leastHeight, readTruth, scoreClip, type TimedEvent, type TrueObject } from './clip-truth.js';
import { type Marked, type MotScores, type Sequence, scoreTracks } from './mot-scores.js';
import { sum } from './summary.js';
import { trackerCpu } from './tracker-cpu.js';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', default: 'minspnet-s' },
    size: { type: 'string' },
    tiles: { type: 'string' },
    fps: { type: 'string', default: '10' },
    detections: { type: 'string' },
    tracks: { type: 'string' },
    list: { type: 'boolean', default: false },
    objects: { type: 'string' },
  },
});

/** What a tracker says of one clip. */
interface Told {
  events: TimedEvent[];
  /** Tracks that are told and seen, by picture. */
  tracks: Marked[][];
  cpuMs: number;
}

/** A clip's score, with what the summary of all clips needs. */
interface Scored {
  rows: ReturnType<typeof scoreClip>;
  sequences: Sequence[];
  cpuMs: number;
  pictures: number;
}

type Truth = NonNullable<Awaited<ReturnType<typeof readTruth>>>;

const demo = fileURLToPath(new URL('../../demo/street.mp4', import.meta.url));
const model = await loadModel(options.model, 'auto');
const { card } = model;
if (options.objects !== undefined) {
  const { trackMs, networkMs } = await trackerCpu(model, Number(options.objects));
  const share = ((100 * trackMs) / networkMs).toFixed(1);
  console.log(
    `${options.objects} objects: ${trackMs.toFixed(3)} ms of CPU a picture, ${share} % of the network's ${networkMs.toFixed(2)} ms`,
  );
  process.exit(0);
}
const tiles = options.tiles as Tiling | undefined;
const size = options.size?.split('x').map(Number) as [number, number] | undefined;
const peers = options.tracks === undefined ? [] : await readdir(options.tracks);
const results = new Map<string, Scored[]>(['minspnet', ...peers].map((name) => [name, []]));

for (const clip of positionals.length > 0 ? positionals : [demo]) {
  const truth = await readTruth(clip);
  const seen = await detectionsOf(
    clip,
    { model: options.model, size, fps: Number(options.fps), tiles },
    options.detections,
  );
  console.log(`${basename(clip)}: ${seen.pictures.length} pictures at ${seen.input.join('x')}`);
  if (truth === undefined) {
    for (const line of listNews(play(seen, card))) console.log(`  ${line}`);
    continue;
  }
  for (const [name, scored] of results) {
    const told = name === 'minspnet' ? play(seen, card) : await readPeer(join(options.tracks ?? '', name), clip, seen);
    const result = score(told, truth, seen);
    scored.push(result);
    console.log(`  ${name.padEnd(12)} ${describe([result])}`);
    if (name === 'minspnet' && options.list) for (const line of list(truth, seen, told)) console.log(`    ${line}`);
  }
}
if (positionals.length > 1) {
  console.log('all of them');
  for (const [name, scored] of results) console.log(`  ${name.padEnd(12)} ${describe(scored)}`);
}

/** Plays the detections before a scene, as the engine does. */
function play({ pictures, width, height }: ClipDetections, model: ModelCard): Told {
  const { cameras, events } = settingsSchema.parse({ cameras: { clip: { source: 'clip.mp4', tiles } } });
  const settings = cameras.clip as CameraSettings;
  const scene = new Scene({ camera: 'clip', runId: 't', settings, events, model, aspect: width / height });
  const told: Told = { events: [], tracks: [], cpuMs: 0 };
  for (const { seconds, detections, whole, seams } of pictures) {
    const before = process.cpuUsage();
    const time = { monotonicMs: seconds * 1000, utcMs: seconds * 1000 };
    const { observations } = scene.observe(detections, time, whole, seams);
    const { user, system } = process.cpuUsage(before);
    told.cpuMs += (user + system) / 1000;
    told.events.push(...timed(observations));
    const seen = scene.shown.filter((track) => track.seen);
    told.tracks.push(seen.map(({ id, class: name, box }) => ({ id, kind: kindOf(name), box })));
  }
  const last = pictures.at(-1)?.seconds ?? 0;
  told.events.push(...timed(scene.end('source-ended', { monotonicMs: last * 1000, utcMs: last * 1000 }).observations));
  return told;
}

function timed(observations: readonly Observation[]): TimedEvent[] {
  return observations.map((event) => ({ ...event, media: event.capturedMonotonicMs / 1000 }) as unknown as TimedEvent);
}

/** Tracks of another tracker: `<clip>.json`, for each picture a list of {id, class, box}. A track is told when it is first said. */
async function readPeer(folder: string, clip: string, { pictures }: ClipDetections): Promise<Told> {
  type Track = { id: string; class: string; box: [number, number, number, number] };
  const said = JSON.parse(await readFile(join(folder, `${basename(clip)}.json`), 'utf8')) as Track[][];
  const known = new Set<string>();
  const told: Told = { events: [], tracks: [], cpuMs: 0 };
  for (const [i, tracks] of said.entries()) {
    for (const track of tracks) {
      const type = known.has(track.id) ? 'update' : 'new';
      known.add(track.id);
      told.events.push({ ...track, type, media: pictures[i]?.seconds ?? 0 } as unknown as TimedEvent);
    }
    told.tracks.push(tracks.map(({ id, class: name, box }) => ({ id, kind: kindOf(name), box })));
  }
  return told;
}

function score(told: Told, truth: Truth, { pictures }: ClipDetections): Scored {
  const { fps, width } = truth.truth;
  const ignored = (box: Marked['box']) => (box[3] - box[1]) * truth.truth.height * (1280 / width) < leastHeight;
  const sequences = pictures.map(({ seconds }, i): Sequence => {
    const frame = Math.round(seconds * fps);
    const there = truth.objects.flatMap(({ class: name, boxes }, id): Marked[] => {
      const box = boxes.get(frame);
      return box === undefined ? [] : [{ id: `${id}`, kind: kindOf(name), box, ignored: ignored(box) }];
    });
    return { truth: there, tracks: told.tracks[i] ?? [] };
  });
  for (const object of truth.objects) object.told.length = 0;
  const rows = scoreClip(truth, told.events);
  return { rows, sequences, cpuMs: told.cpuMs, pictures: pictures.length };
}

function describe(scored: readonly Scored[]): string {
  const all = scored.map(({ rows }) => rows.at(-1)).filter((row) => row !== undefined);
  const total = (of: (row: (typeof all)[number]) => number) => sum(all.map(of));
  const [right, news, told, objects] = [
    total((row) => row.right),
    total((row) => row.news),
    total((row) => row.told),
    total((row) => row.objects),
  ];
  const each = total((row) => row.toldAny);
  const delays = all.flatMap(({ delays }) => delays).sort((a, b) => a - b);
  const mot: MotScores = scoreTracks(scored.map(({ sequences }) => sequences));
  const cpu = (1000 * sum(scored.map(({ cpuMs }) => cpuMs))) / sum(scored.map(({ pictures }) => pictures));
  return [
    `new ${right} of ${news} right, ${(right / Math.max(1, each)).toFixed(2)} each`,
    `told ${told} of ${objects} (${(told / Math.max(1, objects)).toFixed(2)})`,
    `${delays[Math.floor(delays.length / 2)]?.toFixed(2) ?? '-'} s until new`,
    `${delays.filter((seconds) => seconds <= 1).length} within 1 s`,
    `HOTA ${mot.hota.toFixed(3)} (${mot.detA.toFixed(2)}, ${mot.assA.toFixed(2)})`,
    `IDF1 ${mot.idf1.toFixed(3)}`,
    `${mot.switches} switches`,
    ...(cpu > 0 ? [`${cpu.toFixed(0)} us`] : []),
  ].join('; ');
}

/** Of each object: when it was there, with which scores, when it was told. */
function list({ objects, truth }: Truth, { pictures }: ClipDetections, { events }: Told): string[] {
  const lines = objects.map((object) => {
    const scores = pictures.map(({ seconds, detections }) =>
      bestOf(object, Math.round(seconds * truth.fps), detections),
    );
    const frames = [...object.boxes.keys()];
    const [first = 0, last = 0] = [frames[0], frames.at(-1)];
    const heights = [...object.boxes.values()].map((box) => (box[3] - box[1]) * truth.height);
    const told = object.told.map((at) => at.toFixed(1)).join(', ') || 'never';
    const from = pictures.findIndex(({ seconds }) => seconds * truth.fps >= Math.min(object.tallFrom, first) - 0.5);
    const row = scores
      .slice(Math.max(0, from), from + 40)
      .map((score) => (score === undefined ? '.' : (99 * score).toFixed(0)));
    const seen = scores.filter((score) => score !== undefined).length;
    const tall = Number.isFinite(object.tallFrom) ? (object.tallFrom / truth.fps).toFixed(1) : '-';
    return `${object.class} ${(first / truth.fps).toFixed(1)} to ${(last / truth.fps).toFixed(1)} s, tall from ${tall}, ${Math.min(...heights).toFixed(0)} to ${Math.max(...heights).toFixed(0)} px, in ${seen} pictures: told ${told}: ${row.join(' ')}`;
  });
  const wrong = events.filter(
    (event) => event.type === 'new' && !objects.some(({ told }) => told.includes(event.media)),
  );
  lines.push(...wrong.map((event) => `FALSE ${describeNew(event)}`));
  return lines;
}

/** Of a clip without a truth. */
function listNews({ events }: Told): string[] {
  const news = events.filter(({ type }) => type === 'new');
  return [`${news.length} new`, ...(options.list ? news.map(describeNew) : [])];
}

function describeNew({ class: name, media, box, bestScore }: TimedEvent): string {
  return `${name} at ${media.toFixed(1)} s, best score ${bestScore}, box ${box.map((v) => v.toFixed(2)).join(' ')}`;
}

function bestOf(object: TrueObject, frame: number, detections: ClipDetections['pictures'][number]['detections']) {
  const box = object.boxes.get(frame);
  if (box === undefined) return undefined;
  const fitting = detections.filter((one) => kindOf(one.class) === kindOf(object.class) && iou(one.box, box) > 0.4);
  return Math.max(0, ...fitting.map(({ score }) => score));
}

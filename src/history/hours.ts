import { appendFile, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { z } from 'zod';
import { type Feet, type HoursQuery, heatColumns, heatRows } from '../contract/heat.js';

const cells = heatColumns * heatRows;
const hourMs = 3_600_000;
/** So long hours are kept. */
const maxAgeMs = 90 * 24 * hourMs;
/** So much of a camera's file, bytes; the oldest hours go first. */
const maxBytes = 20 * 1024 * 1024;

/** Of one class in one hour. */
interface Tally {
  /** Tracks that began. */
  count: number;
  /** Seconds by cell. */
  seconds: Float32Array;
}
type Hour = Map<string, Tally>;
/** The same as it is read: cells are unpacked only for whoever wants them. */
type ReadHour = Map<string, { count: number; seconds: () => Float32Array }>;

/** A line of a camera's file: an hour, or a part of one. `heat` holds 16-bit seconds a cell, deflated, as base64. */
const line = z.object({
  hour: z.number(),
  classes: z.record(z.string(), z.object({ count: z.int().min(0), heat: z.string().nullable() })),
});

/** What was counted by hour, camera and class, and where it stood: a file a camera, a line an hour. */
export class Hours {
  /** The hours that are not written yet, by camera. */
  readonly #open = new Map<string, { hour: number; classes: Hour }>();
  #writing: Promise<void> = Promise.resolve();

  /** @param warn is told why something can't be written */
  constructor(
    private readonly directory: string,
    private readonly now: () => number,
    private readonly warn: (message: string) => void,
  ) {}

  /** Makes the folder, and takes out what is too old. */
  async open(): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    for (const file of await readdir(this.directory)) {
      if (file.endsWith('.jsonl')) await this.#prune(file.slice(0, -'.jsonl'.length));
    }
  }

  /** A track has begun. */
  count(camera: string, name: string): void {
    this.#tally(camera, name).count += 1;
  }

  stood(camera: string, feet: Feet): void {
    for (const [name, stood] of Object.entries(feet)) {
      const { seconds } = this.#tally(camera, name);
      for (const [cell, ms] of stood) if (cell >= 0 && cell < cells) seconds[cell] = (seconds[cell] ?? 0) + ms / 1000;
    }
  }

  /** Writes hours that are over; all of them at the end. */
  async flush(all = false): Promise<void> {
    const present = this.#hour();
    for (const [camera, { hour, classes }] of this.#open) {
      if (hour === present && !all) continue;
      this.#open.delete(camera);
      this.#append(camera, hour, classes);
    }
    await this.#writing;
  }

  async counts(query: HoursQuery): Promise<{ hour: string; camera: string; class: string; count: number }[]> {
    const sums = new Map<string, { hour: number; camera: string; class: string; count: number }>();
    for await (const { camera, hour, classes } of this.#read(query)) {
      for (const [name, { count }] of classes) {
        const key = `${hour} ${camera} ${name}`;
        const sum = sums.get(key) ?? { hour, camera, class: name, count: 0 };
        sum.count += count;
        if (sum.count > 0) sums.set(key, sum);
      }
    }
    return [...sums.values()]
      .sort((a, b) => a.hour - b.hour || a.camera.localeCompare(b.camera) || a.class.localeCompare(b.class))
      .map((sum) => ({ ...sum, hour: new Date(sum.hour).toISOString() }));
  }

  async heat(query: HoursQuery): Promise<number[]> {
    const sum = new Float64Array(cells);
    for await (const { classes } of this.#read(query)) {
      for (const { seconds } of classes.values()) {
        for (const [cell, value] of seconds().entries()) sum[cell] = (sum[cell] ?? 0) + value;
      }
    }
    return [...sum].map((value) => Math.round(value * 10) / 10);
  }

  #hour(): number {
    return Math.floor(this.now() / hourMs) * hourMs;
  }

  #tally(camera: string, name: string): Tally {
    const hour = this.#hour();
    let open = this.#open.get(camera);
    if (open === undefined || open.hour !== hour) {
      if (open !== undefined) this.#append(camera, open.hour, open.classes);
      open = { hour, classes: new Map() };
      this.#open.set(camera, open);
    }
    let tally = open.classes.get(name);
    if (tally === undefined) {
      tally = { count: 0, seconds: new Float32Array(cells) };
      open.classes.set(name, tally);
    }
    return tally;
  }

  #append(camera: string, hour: number, classes: Hour): void {
    const packed = [...classes].map(([name, { count, seconds }]) => [name, { count, heat: pack(seconds) }]);
    const text = `${JSON.stringify({ hour, classes: Object.fromEntries(packed) })}\n`;
    this.#writing = this.#writing
      .then(async () => {
        await appendFile(this.#path(camera), text);
        if (new Date(hour).getUTCHours() === 0) await this.#prune(camera);
      })
      .catch((error: Error) => this.warn(`counts    an hour could not be kept: ${error.message}`));
  }

  /** @returns parts of hours, those that are not written yet at the end */
  async *#read({ camera: wanted, class: name, fromMs, toMs, hourFrom = 0, hourTo = 24 }: HoursQuery) {
    await this.#writing;
    const files = (await readdir(this.directory)).filter((file) => file.endsWith('.jsonl'));
    const cameras = new Set([...files.map((file) => file.slice(0, -'.jsonl'.length)), ...this.#open.keys()]);
    const isWanted = (hour: number) => {
      const ofDay = new Date(hour).getUTCHours();
      const isInDay = hourFrom < hourTo ? ofDay >= hourFrom && ofDay < hourTo : ofDay >= hourFrom || ofDay < hourTo;
      return hour + hourMs > fromMs && hour < toMs && isInDay;
    };
    const only = (classes: ReadHour): ReadHour =>
      name === undefined ? classes : new Map([...classes].filter(([one]) => one === name));
    for (const camera of cameras) {
      if (wanted !== undefined && camera !== wanted) continue;
      for (const text of await this.#linesOf(camera)) {
        const hour = hourOf(text);
        if (hour === undefined || !isWanted(hour)) continue;
        const classes = unpackLine(text);
        if (classes !== undefined) yield { camera, hour, classes: only(classes) };
      }
      const open = this.#open.get(camera);
      if (open !== undefined && isWanted(open.hour))
        yield { camera, hour: open.hour, classes: only(readOpen(open.classes)) };
    }
  }

  async #linesOf(camera: string): Promise<string[]> {
    const text = await readFile(this.#path(camera), 'utf8').catch(() => '');
    return text.split('\n').filter(Boolean);
  }

  /** Takes out what is too old, and the oldest of what is too much. */
  async #prune(camera: string): Promise<void> {
    const all = await this.#linesOf(camera);
    const oldest = this.now() - maxAgeMs;
    const kept = all.filter((text) => (hourOf(text) ?? 0) >= oldest);
    let bytes = kept.reduce((sum, text) => sum + text.length + 1, 0);
    while (bytes > maxBytes) bytes -= (kept.shift()?.length ?? 0) + 1;
    if (kept.length === all.length) return;
    const path = this.#path(camera);
    await writeFile(`${path}.new`, kept.map((text) => `${text}\n`).join(''));
    await rename(`${path}.new`, path);
  }

  /** A camera's name is one of the settings: letters, digits, `_` and `-`. */
  #path(camera: string): string {
    return join(this.directory, `${camera}.jsonl`);
  }
}

/** The hour of a line without reading the rest of it. */
function hourOf(text: string): number | undefined {
  const [, hour] = /^\{"hour":(\d+),/.exec(text) ?? [];
  return hour === undefined ? undefined : Number(hour);
}

function pack(seconds: Float32Array): string | null {
  const whole = Uint16Array.from(seconds, (value) => Math.min(65_535, Math.round(value)));
  if (whole.every((value) => value === 0)) return null;
  return deflateRawSync(Buffer.from(whole.buffer)).toString('base64');
}

function readOpen(classes: Hour): ReadHour {
  return new Map([...classes].map(([name, { count, seconds }]) => [name, { count, seconds: () => seconds }]));
}

function unpackLine(text: string): ReadHour | undefined {
  try {
    const { classes } = line.parse(JSON.parse(text));
    return new Map(
      Object.entries(classes).map(([name, { count, heat }]) => [name, { count, seconds: () => unpack(heat) }]),
    );
  } catch {
    return undefined; // cut off at a crash
  }
}

function unpack(heat: string | null): Float32Array {
  const seconds = new Float32Array(cells);
  if (heat === null) return seconds;
  try {
    const bytes = inflateRawSync(Buffer.from(heat, 'base64'), { maxOutputLength: 2 * cells });
    for (let cell = 0; cell < cells; cell++) seconds[cell] = bytes.readUInt16LE(2 * cell);
  } catch {
    // Damaged on disk: an hour without its cells.
  }
  return seconds;
}

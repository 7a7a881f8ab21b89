import type { Entry } from './queue.js';
import { type Header, type Numbers, Segment, segmentEvents } from './segment.js';

/** So many events may be published without `fsync` before the disk itself has them: a power cut can take no more numbers. */
export const unsyncedEvents = 64;

/** As it is stored; a smaller one has no place for all that the contract asks for. */
const smallestEventBytes = 128;

type Contents = Awaited<ReturnType<Segment['read']>>;

/** What a run has left. */
export interface Log {
  segments: Segment[];
  /** The newest that can be read. */
  header: Header | undefined;
  /** Of a camera, so many numbers may have been given and published at most of which nothing is left. */
  untraced: number;
  /** In order; those that the broker does not have. */
  entries: Entry[];
  /** By camera: the highest number that there is a trace of, and what was acknowledged. */
  last: Map<string, number>;
  acknowledged: Map<string, number>;
  isDamaged: boolean;
}

/** When a log is read, and what is known of how it was written. */
export interface Circumstances {
  /** Now, ms, by both clocks: an event of an earlier run is as old as its time says. */
  utc: number;
  monotonic: number;
  /** Linux's name for the current start of the system; '' elsewhere. */
  boot: string;
  /** Nothing was published before the disk itself had it. */
  fsync: boolean;
}

/**
 * Reads a directory's segments.
 *
 * @throws what the file system throws
 */
export async function readLog(directory: string, now: Circumstances): Promise<Log> {
  const segments = Segment.list(directory);
  const last = new Map<string, number>();
  const acknowledged = new Map<string, number>();
  let header: Header | undefined;
  let copy: Header | undefined;
  let untraced = 0;
  const found: Entry[] = [];
  for (const segment of segments) {
    const contents = await segment.read();
    const own = contents.header ?? copy;
    copy = contents.next;
    header = own ?? header;
    raise(last, own?.last);
    raise(acknowledged, own?.acknowledged);
    raise(acknowledged, contents.acknowledged);
    if (own !== undefined) untraced = 0; // it tells of all before it
    if (!own?.clean) untraced += untracedEvents(contents, now, own);
    for (const { seq, observation, offset, bytes } of contents.events) {
      const { camera } = observation;
      raise(last, { [camera]: seq });
      found.push({ camera, seq, segment, offset, bytes, record: undefined, state: 'waiting' });
    }
    const age = now.utc - Date.parse(contents.events.at(-1)?.observation.capturedAt ?? '');
    segment.at = now.monotonic - Math.max(0, age || 0);
  }
  const seen = new Map(acknowledged);
  const entries = found.filter(({ camera, seq }) => {
    if (seq <= (seen.get(camera) ?? 0)) return false; // the broker has it, or it was written twice
    seen.set(camera, seq);
    return true;
  });
  return { segments, header, untraced, entries, last, acknowledged, isDamaged: segments.some((one) => one.damaged) };
}

/** So many events may have been in a segment at most of which nothing is left. */
function untracedEvents(
  { events, isTorn, brokenBytes }: Contents,
  now: Circumstances,
  header: Header | undefined,
): number {
  const hadPower = now.boot !== '' && header?.boot === now.boot;
  // A power cut takes what only the system had. If there was none, or more is damaged, anything may be cut off.
  const unsynced = hadPower || now.fsync ? 0 : unsyncedEvents;
  const cutOff = !isTorn ? unsynced : hadPower || brokenBytes > 0 ? segmentEvents : unsyncedEvents;
  return Math.min(segmentEvents - events.length, cutOff + Math.ceil(brokenBytes / smallestEventBytes));
}

function raise(numbers: Map<string, number>, by: Numbers = {}): void {
  for (const [camera, seq] of Object.entries(by)) numbers.set(camera, Math.max(seq, numbers.get(camera) ?? 0));
}

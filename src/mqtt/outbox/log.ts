import type { Entry } from './queue.js';
import { type Header, type Numbers, Segment } from './segment.js';

/** What a run has left. */
export interface Log {
  segments: Segment[];
  /** The newest that can be read, and how many segments begin with it. */
  header: Header | undefined;
  newSegments: number;
  /** In order; those that the broker does not have. */
  entries: Entry[];
  /** By camera: the highest number that there is a trace of, and what was acknowledged. */
  last: Map<string, number>;
  acknowledged: Map<string, number>;
  isDamaged: boolean;
}

/**
 * Reads a directory's segments.
 *
 * @param utc now, ms; and `monotonic`, too: an event of an earlier run is as old as its time says
 * @throws what the file system throws
 */
export async function readLog(directory: string, utc: number, monotonic: number): Promise<Log> {
  const segments = Segment.list(directory);
  const last = new Map<string, number>();
  const acknowledged = new Map<string, number>();
  let header: Header | undefined;
  let newSegments = 0;
  const found: Entry[] = [];
  for (const segment of segments) {
    const contents = await segment.read();
    header = contents.header ?? header;
    newSegments = contents.header === undefined ? newSegments + 1 : 1;
    raise(last, contents.header?.last);
    raise(acknowledged, contents.acknowledged);
    for (const { seq, observation, offset, bytes } of contents.events) {
      const { camera } = observation;
      raise(last, { [camera]: seq });
      found.push({ camera, seq, segment, offset, bytes, record: undefined, state: 'waiting' });
    }
    const age = utc - Date.parse(contents.events.at(-1)?.observation.capturedAt ?? '');
    segment.at = monotonic - Math.max(0, age || 0);
  }
  const seen = new Map(acknowledged);
  const entries = found.filter(({ camera, seq }) => {
    if (seq <= (seen.get(camera) ?? 0)) return false; // the broker has it, or it was written twice
    seen.set(camera, seq);
    return true;
  });
  return { segments, header, newSegments, entries, last, acknowledged, isDamaged: segments.some((one) => one.damaged) };
}

function raise(numbers: Map<string, number>, by: Numbers = {}): void {
  for (const [camera, seq] of Object.entries(by)) numbers.set(camera, Math.max(seq, numbers.get(camera) ?? 0));
}

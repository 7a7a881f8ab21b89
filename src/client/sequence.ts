import type { Event, EventMessage, Gap } from '../contract/event.js';

/** Why numbers are missing. */
export type GapReason =
  /** The board said so: its outbox was full, or its disk damaged. */
  | 'announced'
  /** They never came: the broker gave them up, or nobody listened for us while we were away. */
  | 'missed'
  /** They came, and this program did not take them in time. */
  | 'overflow';

/** Numbers of one camera that will not come any more. */
export interface MissingEvents extends Gap {
  reason: GapReason;
}

export interface SequenceOptions {
  camera: string;
  /** How long a hole is waited for, ms. */
  reorderMs: number;
  /** Several subscribers share the events, so that holes say nothing. */
  shared: boolean;
  /** The last event that was had before, if there was one. */
  after?: Position | undefined;
  deliver: (message: Event | MissingEvents) => void;
}

/** Up to where one camera's events have been delivered. */
export interface Position {
  stream: string;
  seq: number;
}

/** Held at most while a hole is waited for. */
const maxHeld = 1_000;
/** Of the numbers that were had, so many are remembered where holes say nothing. */
const remembered = 4_096;

interface Held {
  to: number;
  message: EventMessage;
}

/**
 * One camera's events as they come, made into each event once and in order. MQTT's QoS 1 hands out some of them twice;
 * a bridge or a cluster may change their order.
 */
export class Sequence {
  readonly #options: SequenceOptions;
  #stream: string | undefined;
  /** All up to here was delivered, or told of as missing. */
  #last: number | undefined;
  /** Beyond a hole, by their first number. */
  readonly #held = new Map<number, Held>();
  /** Only where events are shared; oldest first. */
  readonly #seen = new Set<number>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Where the hole begins that the timer is for. */
  #watched: number | undefined;
  /** Events that were had already. */
  duplicates = 0;

  constructor(options: SequenceOptions) {
    this.#options = options;
    this.#stream = options.after?.stream;
    this.#last = options.after?.seq;
  }

  get position(): Position | undefined {
    if (this.#stream === undefined || this.#last === undefined) return undefined;
    return { stream: this.#stream, seq: this.#last };
  }

  take(message: EventMessage): void {
    if (message.type === 'gap') {
      this.#take(message.from, message.to, message);
      return;
    }
    if (message.stream !== this.#stream) this.#beginStream(message);
    if (this.#options.shared) this.#takeShared(message);
    else this.#take(message.seq, message.seq, message);
  }

  /** What is held comes out, and holes with it; nothing is waited for any more. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#held.size > 0) this.#passHole();
  }

  /** The first event at all, or the board has lost its numbers and counts anew. */
  #beginStream({ stream, seq }: Event): void {
    this.flush();
    // A new numbering was not there before we were: what is missing from its beginning, we have missed.
    this.#last = this.#stream === undefined ? seq - 1 : 0;
    this.#stream = stream;
    this.#seen.clear();
  }

  #takeShared(event: Event): void {
    if (this.#seen.has(event.seq)) {
      this.duplicates++;
      return;
    }
    this.#seen.add(event.seq);
    const [oldest] = this.#seen;
    if (this.#seen.size > remembered && oldest !== undefined) this.#seen.delete(oldest);
    this.#last = Math.max(this.#last ?? 0, event.seq);
    this.#options.deliver(event);
  }

  #take(from: number, to: number, message: EventMessage): void {
    const last = this.#last ?? from - 1;
    if (to <= last || (this.#held.get(from)?.to ?? 0) >= to) {
      if (message.type !== 'gap') this.duplicates++;
      return;
    }
    if (from > last + 1) {
      this.#held.set(from, { to, message });
      if (this.#held.size > maxHeld) this.#passHole();
    } else {
      this.#deliver(to, message);
      this.#deliverHeld();
    }
    this.#watchHole();
  }

  /** Each hole has its own time to be filled. */
  #watchHole(): void {
    if (this.#timer !== undefined && this.#held.size > 0 && this.#watched === this.#last) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#held.size === 0) return;
    this.#watched = this.#last;
    this.#timer = setTimeout(() => {
      this.#passHole();
      this.#watchHole();
    }, this.#options.reorderMs);
  }

  #deliver(to: number, message: EventMessage): void {
    const from = (this.#last ?? (message.type === 'gap' ? message.from : to) - 1) + 1;
    this.#last = to;
    this.#options.deliver(message.type === 'gap' ? { ...message, from, reason: 'announced' } : message);
  }

  /** All that follows without a hole. */
  #deliverHeld(): void {
    for (let next = this.#nearest(); next !== undefined; next = this.#nearest()) {
      const { from, held } = next;
      const last = this.#last ?? 0;
      if (from > last + 1) return;
      this.#held.delete(from);
      if (held.to > last) this.#deliver(held.to, held.message);
    }
  }

  #nearest(): { from: number; held: Held } | undefined {
    let nearest: number | undefined;
    for (const from of this.#held.keys()) if (nearest === undefined || from < nearest) nearest = from;
    const held = nearest === undefined ? undefined : this.#held.get(nearest);
    return nearest === undefined || held === undefined ? undefined : { from: nearest, held };
  }

  /** What is missing before the nearest that is held will not come any more. */
  #passHole(): void {
    const nearest = this.#nearest();
    if (nearest === undefined) return;
    const from = (this.#last ?? 0) + 1;
    const to = nearest.from - 1;
    this.#last = to;
    const { camera, deliver } = this.#options;
    deliver({ type: 'gap', camera, from, to, at: new Date().toISOString(), reason: 'missed' });
    this.#deliverHeld();
  }
}

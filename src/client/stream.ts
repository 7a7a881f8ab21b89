import type { NodeEvent, NodeGap } from './messages.js';

type Message = NodeEvent | NodeGap;

/**
 * Events that are taken one by one with `for await`. What nobody takes is held, up to a bound; beyond that the oldest are
 * given up, and a gap stands in their place.
 */
export class EventStream implements AsyncIterableIterator<Message> {
  readonly #capacity: number;
  readonly #onEnd: (stream: EventStream) => void;
  readonly #messages: Message[] = [];
  readonly #waiting: ((result: IteratorResult<Message>) => void)[] = [];
  /** What was given up, by camera; older than all that is held. */
  readonly #lost = new Map<string, NodeGap>();
  #ended = false;

  /** @param onEnd called when nobody takes any more */
  constructor(capacity: number, onEnd: (stream: EventStream) => void) {
    this.#capacity = capacity;
    this.#onEnd = onEnd;
  }

  /** @internal Returns whether another one had to be given up for it. */
  push(message: Message): boolean {
    if (this.#ended) return false;
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) {
      waiting({ done: false, value: message });
      return false;
    }
    this.#messages.push(message);
    if (this.#messages.length <= this.#capacity) return false;
    const oldest = this.#messages.shift();
    if (oldest !== undefined) this.#lose(oldest);
    return true;
  }

  /** @internal What is held can still be taken; then it is over. */
  end(): void {
    this.#ended = true;
    for (const waiting of this.#waiting.splice(0)) waiting({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<Message>> {
    const value = this.#takeLost() ?? this.#messages.shift();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** `break` out of a loop ends it. */
  return(): Promise<IteratorResult<Message>> {
    this.#messages.length = 0;
    this.#lost.clear();
    this.end();
    this.#onEnd(this);
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #lose(message: Message): void {
    const { node, camera } = message;
    const [from, to] = message.type === 'gap' ? [message.from, message.to] : [message.seq, message.seq];
    const older = this.#lost.get(`${node}/${camera}`);
    const at = new Date().toISOString();
    this.#lost.set(`${node}/${camera}`, {
      type: 'gap',
      node,
      camera,
      from: older?.from ?? from,
      to,
      at,
      reason: 'overflow',
    });
  }

  #takeLost(): NodeGap | undefined {
    for (const [key, gap] of this.#lost) {
      this.#lost.delete(key);
      return gap;
    }
    return undefined;
  }
}

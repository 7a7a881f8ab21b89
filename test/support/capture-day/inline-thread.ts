import { EventEmitter } from 'node:events';
import { CaptureThread, type ThreadWorld } from '../../../src/pipeline/capture/capture-thread.js';
import type { WorkerThread } from '../../../src/pipeline/capture/capture-worker.js';
import type { CaptureOptions, FromCaptureThread } from '../../../src/pipeline/capture/messages.js';

/** What runs in a thread of its own elsewhere, here: so that its time can be simulated, and it can crash and hang. */
export class InlineThread extends EventEmitter implements WorkerThread {
  readonly #inside = new EventEmitter();
  /** Messages both ways, while it is stuck. */
  #held: (() => void)[] | undefined;
  #isDead = false;

  constructor(options: CaptureOptions, world: ThreadWorld) {
    super();
    const port = {
      on: (_: 'message', listener: (...args: never[]) => void) => this.#inside.on('message', listener as () => void),
      postMessage: (message: FromCaptureThread) => this.#pass(() => this.emit('message', message)),
      close: () => this.#pass(() => this.#exit()),
    };
    new CaptureThread(port, options, world).start();
  }

  postMessage(message: unknown): void {
    this.#pass(() => this.#inside.emit('message', message));
  }

  unref(): void {}

  crash(): void {
    if (this.#isDead) return;
    this.emit('error', new Error('crashed'));
    this.#exit();
    this.#inside.emit('message', { kind: 'stop' }); // what it held is freed by its end
  }

  /** It hears and says nothing until `free()`. */
  stick(): void {
    this.#held ??= [];
  }

  free(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const pass of held) this.#pass(pass);
  }

  #pass(message: () => void): void {
    if (this.#held !== undefined) this.#held.push(message);
    else
      queueMicrotask(() => {
        if (!this.#isDead) message();
      });
  }

  #exit(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.emit('exit');
  }
}

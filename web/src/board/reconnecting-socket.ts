/** How a socket stands. */
export type LinkState = 'connecting' | 'open' | 'lost';

interface Listeners {
  onMessage(data: string | ArrayBuffer): void;
  onState(state: LinkState): void;
  /** Whether it is worth trying again after this close code; by default always. */
  isFinal?(code: number): boolean;
}

const firstWaitMs = 400;
/** A daemon starts within a second or two: nobody should look at an old picture for longer than this after it. */
const longestWaitMs = 3000;

/** A WebSocket that is opened again until `stop()`, with growing pauses. */
export class ReconnectingSocket {
  #socket: WebSocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #waitMs = firstWaitMs;
  #stopped = false;
  readonly #wake = () => {
    if (document.visibilityState === 'visible' && this.#timer !== undefined) this.#open();
  };

  /** @param silenceMs one that says nothing for so long is taken for dead: networks that vanish close nothing */
  constructor(
    readonly address: string,
    readonly silenceMs: number,
    readonly listeners: Listeners,
  ) {}

  start(): void {
    addEventListener('online', this.#wake);
    document.addEventListener('visibilitychange', this.#wake);
    this.#open();
  }

  stop(): void {
    this.#stopped = true;
    removeEventListener('online', this.#wake);
    document.removeEventListener('visibilitychange', this.#wake);
    clearTimeout(this.#timer);
    clearTimeout(this.#silence);
    this.#socket?.close(1000);
  }

  send(text: string): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(text);
  }

  #open(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.listeners.onState('connecting');
    const socket = new WebSocket(this.address);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    this.#listen(socket);
    socket.onopen = () => {
      this.#listen(socket);
      this.listeners.onState('open');
    };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      this.#waitMs = firstWaitMs;
      this.#listen(socket);
      if (!this.#stopped) this.listeners.onMessage(data);
    };
    socket.onclose = ({ code }) => this.#closed(socket, code);
  }

  /** The clock of silence begins anew. */
  #listen(socket: WebSocket): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      socket.close(4000);
      this.#closed(socket, 4000); // `close` waits for an answer that may never come
    }, this.silenceMs);
  }

  #closed(socket: WebSocket, code: number): void {
    if (this.#stopped || socket !== this.#socket) return;
    clearTimeout(this.#silence);
    this.#socket = undefined;
    socket.onmessage = null;
    this.listeners.onState('lost');
    if (this.listeners.isFinal?.(code)) return;
    this.#timer = setTimeout(() => this.#open(), this.#waitMs);
    this.#waitMs = Math.min(longestWaitMs, this.#waitMs * 1.6);
  }
}

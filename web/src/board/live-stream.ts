import type { LiveFrame } from '../../../src/contract/live.js';
import { closeCodes, unpackLiveFrame } from '../../../src/contract/live-message.js';
import { socketAddressOf } from './http.js';
import { type LinkState, ReconnectingSocket } from './reconnecting-socket.js';

/** A camera that is away gives no picture for minutes, and its socket is none the worse for it. */
const silenceMs = 120_000;
/** A page that nobody sees asks for no pictures after this: they cost the board work. */
const unseenMs = 5000;

interface Listeners {
  /** A picture with all that was seen in it. The bitmap is the listener's, to close. */
  onFrame(frame: LiveFrame, picture: ImageBitmap): void;
  onState(state: LinkState): void;
}

/**
 * The pictures of one camera. Each is answered once it is drawn, and no third one comes before that: so a slow browser, or
 * a slow network, gets fewer pictures and no old ones.
 */
export class LiveStream {
  #socket: ReconnectingSocket | undefined;
  #unseen: ReturnType<typeof setTimeout> | undefined;
  /** Messages one after the other: each waits for the one before. */
  #work: Promise<void> = Promise.resolve();
  readonly #onVisibility = () => {
    clearTimeout(this.#unseen);
    if (document.visibilityState === 'hidden') this.#unseen = setTimeout(() => this.#close(), unseenMs);
    else if (this.#socket === undefined) this.#open();
  };

  constructor(
    readonly camera: string,
    readonly listeners: Listeners,
  ) {}

  start(): void {
    document.addEventListener('visibilitychange', this.#onVisibility);
    this.#open();
  }

  stop(): void {
    document.removeEventListener('visibilitychange', this.#onVisibility);
    clearTimeout(this.#unseen);
    this.#close();
  }

  #open(): void {
    const socket = new ReconnectingSocket(socketAddressOf('/api/live', { camera: this.camera }), silenceMs, {
      onState: (state) => this.listeners.onState(state),
      onMessage: (data) => {
        this.#work = this.#work.then(() => this.#show(socket, data as ArrayBuffer));
      },
      isFinal: (code) => code === closeCodes.unknownCamera,
    });
    this.#socket = socket;
    socket.start();
  }

  #close(): void {
    this.#socket?.stop();
    this.#socket = undefined;
  }

  async #show(socket: ReconnectingSocket, message: ArrayBuffer): Promise<void> {
    const { frame, jpeg } = unpackLiveFrame(message);
    try {
      const picture = await createImageBitmap(new Blob([jpeg], { type: 'image/jpeg' }));
      if (socket === this.#socket) this.listeners.onFrame(frame, picture);
      else picture.close();
    } catch (error) {
      console.warn('A live picture could not be decoded; the next one is shown.', error);
    }
    socket.send(String(frame.number));
  }
}

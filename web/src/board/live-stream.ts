import type { LiveFrame } from '../../../src/contract/live.js';
import { socketAddressOf } from './http.js';
import { type LinkState, ReconnectingSocket } from './reconnecting-socket.js';

/** No such camera: of the contract's close codes the one after which trying again is no use. */
const unknownCamera = 4404;

interface Listeners {
  /** A picture with all that was seen in it. The bitmap is the listener's, to close. */
  onFrame(frame: LiveFrame, picture: ImageBitmap): void;
  onState(state: LinkState): void;
}

/** The pictures of one camera. While one is being decoded only the newest waits, so a slow browser loses pictures. */
export class LiveStream {
  readonly #socket: ReconnectingSocket;
  #waiting: ArrayBuffer | undefined;
  #isDecoding = false;
  #stopped = false;

  constructor(
    camera: string,
    readonly listeners: Listeners,
  ) {
    this.#socket = new ReconnectingSocket(socketAddressOf('/api/live', { camera }), {
      onState: (state) => listeners.onState(state),
      onMessage: (data) => {
        this.#waiting = data as ArrayBuffer;
        void this.#decode();
      },
      isFinal: (code) => code === unknownCamera,
    });
  }

  start(): void {
    this.#socket.start();
  }

  stop(): void {
    this.#stopped = true;
    this.#socket.stop();
  }

  async #decode(): Promise<void> {
    if (this.#isDecoding) return;
    this.#isDecoding = true;
    try {
      while (this.#waiting !== undefined) {
        const message = this.#waiting;
        this.#waiting = undefined;
        const { frame, jpeg } = unpack(message);
        const picture = await createImageBitmap(new Blob([jpeg], { type: 'image/jpeg' }));
        if (this.#stopped) picture.close();
        else this.listeners.onFrame(frame, picture);
      }
    } catch (error) {
      console.warn('A live picture could not be decoded; the next one is shown.', error);
    } finally {
      this.#isDecoding = false;
    }
  }
}

/** A message as src/contract/live.ts packs it: length of the JSON (32 bits, big-endian), JSON, JPEG. */
function unpack(message: ArrayBuffer): { frame: LiveFrame; jpeg: Uint8Array<ArrayBuffer> } {
  const length = new DataView(message).getUint32(0);
  const frame = JSON.parse(new TextDecoder().decode(new Uint8Array(message, 4, length))) as LiveFrame;
  return { frame, jpeg: new Uint8Array(message, 4 + length) };
}

import { SourceError } from '../contract/errors.js';
import type { Box } from '../contract/geometry.js';
import type { Capture } from '../pipeline/capture/capture.js';
import { takeLibcameraStill } from '../pipeline/capture/libcamera.js';
import type { Cut } from '../pipeline/capture/snapshot.js';

/** Within this time a camera that gives pictures gives the next one, milliseconds; the slowest may take two periods. */
const nextPictureMs = 5000;
const wholePicture: Box = [0, 0, 1, 1];

/** Somebody who wants a camera's next picture. */
interface PictureRequest {
  cut: Cut;
  /** @param jpeg undefined if it could not be made */
  answer: (jpeg: Uint8Array | undefined | Promise<Uint8Array | undefined>) => void;
}

/** Whole pictures of one camera, for whoever asks for one. */
export class Pictures {
  readonly #requests = new Set<PictureRequest>();
  #photograph: Promise<Uint8Array> | undefined;

  constructor(
    private readonly camera: string,
    private readonly capture: Pick<Capture, 'source' | 'state' | 'lend'>,
  ) {}

  /**
   * A photograph at the camera's full resolution, as JPEG: by the camera itself if it takes some, for which its video is
   * interrupted; else the next picture of the stream at the size that it has there. Who asks meanwhile gets the same.
   *
   * @param periodMs between two pictures of the stream
   * @throws {SourceError}
   */
  async photograph(periodMs: number): Promise<Uint8Array> {
    const { source, state } = this.capture;
    if (source.kind !== 'libcamera') return this.next(periodMs, true);
    if (this.#photograph === undefined) {
      if (state !== 'live') throw this.#none();
      const take = (signal: AbortSignal) => takeLibcameraStill(source, signal);
      this.#photograph = this.capture.lend('a still is being taken', take).finally(() => {
        this.#photograph = undefined;
      });
    }
    return this.#photograph;
  }

  /**
   * The next picture of the stream as JPEG, as a whole.
   *
   * @param full at its own size, not at that of snapshots
   * @throws {SourceError} ERR_SOURCE_NO_PICTURE
   */
  async next(periodMs: number, full = false): Promise<Uint8Array> {
    if (this.capture.state !== 'live') throw this.#none();
    const jpeg = await new Promise<Uint8Array | undefined>((resolve) => {
      const request: PictureRequest = {
        cut: { box: wholePicture, full },
        answer: (jpeg) => {
          clearTimeout(timer);
          this.#requests.delete(request);
          resolve(jpeg);
        },
      };
      const timer = setTimeout(() => request.answer(undefined), nextPictureMs + 2 * periodMs);
      this.#requests.add(request);
    });
    if (jpeg === undefined) throw this.#none();
    return jpeg;
  }

  /** All that are open now. Whoever takes them answers each. */
  takeRequests(): PictureRequest[] {
    const all = [...this.#requests];
    this.#requests.clear();
    return all;
  }

  #none(): SourceError {
    const what = `camera ${this.camera} gives no picture now (it is ${this.capture.state}). Try again when it is live.`;
    return new SourceError('ERR_SOURCE_NO_PICTURE', 'source', what);
  }
}

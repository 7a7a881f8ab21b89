import { SourceError } from '../contract/errors.js';
import type { Box } from '../contract/geometry.js';
import type { Capture } from '../pipeline/capture/capture.js';
import { type Cut, fullPicture, type SnapshotOptions } from '../pipeline/capture/cut.js';

/** Within this time a camera that gives pictures gives the next one, milliseconds; the slowest may take two periods. */
const nextPictureMs = 5000;
const wholePicture: Box = [0, 0, 1, 1];

/** The answer to somebody who wants a camera's next picture. */
export interface Answer<About> {
  jpeg: Uint8Array;
  /** What was found in that picture. */
  about: About;
}

/** Somebody who wants a camera's next picture. */
interface PictureRequest<About> {
  cut: Cut;
  /** @param jpeg undefined if it could not be made */
  answer: (jpeg: Uint8Array | undefined | Promise<Uint8Array | undefined>, about: About) => void;
}

/** Whole pictures of one camera, for whoever asks for one. */
export class Pictures<About> {
  readonly #requests = new Set<PictureRequest<About>>();
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
    if (source.kind !== 'libcamera') return (await this.next(periodMs, fullPicture)).jpeg;
    if (this.#photograph === undefined) {
      if (state !== 'live') throw this.#none();
      const take = async (signal: AbortSignal) => {
        const { takeLibcameraStill } = await import('../pipeline/capture/libcamera.js');
        return await takeLibcameraStill(source, signal);
      };
      this.#photograph = this.capture.lend('a still is being taken', take).finally(() => {
        this.#photograph = undefined;
      });
    }
    return this.#photograph;
  }

  /**
   * The next picture of the stream as JPEG, as a whole.
   *
   * @param options in place of those of snapshots
   * @param box a part of it
   * @throws {SourceError} ERR_SOURCE_NO_PICTURE
   */
  async next(periodMs: number, options?: SnapshotOptions, box = wholePicture): Promise<Answer<About>> {
    if (this.capture.state !== 'live') throw this.#none();
    const answer = await new Promise<Answer<About> | undefined>((resolve) => {
      const end = (answer: Answer<About> | undefined) => {
        clearTimeout(timer);
        this.#requests.delete(request);
        resolve(answer);
      };
      const request: PictureRequest<About> = {
        cut: { box, ...(options && { options }) },
        answer: async (made, about) => {
          const jpeg = await made;
          end(jpeg && { jpeg, about });
        },
      };
      const timer = setTimeout(() => end(undefined), nextPictureMs + 2 * periodMs);
      this.#requests.add(request);
    });
    if (answer === undefined) throw this.#none();
    return answer;
  }

  /** All that are open now. Whoever takes them answers each. */
  takeRequests(): PictureRequest<About>[] {
    const all = [...this.#requests];
    this.#requests.clear();
    return all;
  }

  #none(): SourceError {
    const what = `camera ${this.camera} gives no picture now (it is ${this.capture.state}). Try again when it is live.`;
    return new SourceError('ERR_SOURCE_NO_PICTURE', 'source', what);
  }
}

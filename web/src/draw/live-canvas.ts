import type { Point } from '../../../src/contract/geometry.js';
import type { LiveFrame } from '../../../src/contract/live.js';
import { fitInside, footOf, insidePicture, type Placement } from './geometry.js';
import { drawOverlay, type Overlay } from './overlay.js';
import { Trails } from './trails.js';

type Settings = Pick<Overlay, 'geometry' | 'layers' | 'className' | 'lineCount'>;

/** Keeps the last picture with what was seen in it, and draws both together, so that they never part. */
export class LiveCanvas {
  readonly #context: CanvasRenderingContext2D;
  readonly #resizes: ResizeObserver;
  readonly #trails = new Trails();
  #shown: { frame: LiveFrame; picture: ImageBitmap } | undefined;
  #settings: Settings | undefined;
  #size = { width: 0, height: 0 };
  #request = 0;

  constructor(readonly canvas: HTMLCanvasElement) {
    const context = canvas.getContext('2d', { alpha: false });
    if (context === null) throw new Error('this browser draws on no canvas');
    this.#context = context;
    this.#resizes = new ResizeObserver(([entry]) => {
      if (entry) this.#size = { width: entry.contentRect.width, height: entry.contentRect.height };
      this.#draw();
    });
    this.#resizes.observe(canvas);
  }

  stop(): void {
    this.#resizes.disconnect();
    cancelAnimationFrame(this.#request);
    this.#shown?.picture.close();
    this.#shown = undefined;
  }

  /** The bitmap is closed when the next one is shown. */
  show(frame: LiveFrame, picture: ImageBitmap): void {
    this.#shown?.picture.close();
    this.#shown = { frame, picture };
    const tracks = frame.tracks.map((track) => ({ id: track.id, class: track.class, foot: footOf(track.box) }));
    this.#trails.add(Date.parse(frame.capturedAt), tracks);
    this.#drawSoon();
  }

  setOverlay(settings: Settings): void {
    this.#settings = settings;
    this.#drawSoon();
  }

  /** Where in the picture a pointer is; undefined beside it. */
  placeOf({ clientX, clientY }: { clientX: number; clientY: number }): Point | undefined {
    const placement = this.#placement();
    if (!placement) return undefined;
    const { left, top } = this.canvas.getBoundingClientRect();
    const x = (clientX - left - placement.left) / placement.width;
    const y = (clientY - top - placement.top) / placement.height;
    return x >= 0 && x <= 1 && y >= 0 && y <= 1 ? insidePicture([x, y]) : undefined;
  }

  #placement(): Placement | undefined {
    return this.#shown && fitInside(this.#shown.picture, this.#size);
  }

  #drawSoon(): void {
    cancelAnimationFrame(this.#request);
    this.#request = requestAnimationFrame(() => this.#draw());
  }

  #draw(): void {
    const { canvas } = this;
    const placement = this.#placement();
    if (!placement || !this.#shown || this.#size.width === 0) return;
    const ratio = Math.min(2, devicePixelRatio || 1);
    const [width, height] = [Math.round(this.#size.width * ratio), Math.round(this.#size.height * ratio)];
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const context = this.#context;
    const { frame, picture } = this.#shown;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = '#0b0e0f';
    context.fillRect(0, 0, this.#size.width, this.#size.height);
    context.drawImage(picture, placement.left, placement.top, placement.width, placement.height);
    if (this.#settings) {
      const at = Date.parse(frame.capturedAt);
      drawOverlay(context, placement, { ...this.#settings, tracks: frame.tracks, trails: this.#trails, at });
    }
  }
}

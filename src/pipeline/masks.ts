import type { CameraSettings } from '../config/schema.js';
import type { Detection } from '../contract/detection.js';
import { Zone } from './zones.js';

type MaskSettings = CameraSettings['masks'];

/** Parts of the picture of which nothing is told: whatever stands there with the middle of its lower edge. */
export class Masks {
  readonly #masks: readonly Zone[];

  constructor(readonly settings: MaskSettings) {
    // Whether a point is inside does not depend on the picture's aspect ratio.
    this.#masks = Object.entries(settings).map(([name, mask]) => new Zone(name, mask, 1));
  }

  /** The name of the mask that an object stands in. */
  find({ class: name, box: [left, , right, bottom] }: Pick<Detection, 'class' | 'box'>): string | undefined {
    const footX = (left + right) / 2;
    const covers = ({ classes }: Zone) => classes?.includes(name) ?? true;
    return this.#masks.find((mask) => covers(mask) && mask.depth(footX, bottom) >= 0)?.name;
  }
}

import { type CameraSettings, settingsSchema } from '../../src/config/schema.js';
import { usualInputPixels } from '../../src/contract/model-card.js';

/** Settings of a camera: the defaults in all that a test does not name. */
export function cameraSettings(values: Partial<CameraSettings> = {}): CameraSettings {
  return settingsSchema.parse({ cameras: { camera: { source: 'demo', ...values } } }).cameras.camera as CameraSettings;
}

/** An engine's input that nothing has to be measured for. */
export const usualInput = { pixels: usualInputPixels, reason: 'a test' };

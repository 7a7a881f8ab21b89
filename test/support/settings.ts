import { type CameraSettings, settingsSchema } from '../../src/config/schema.js';

/** Settings of a camera: the defaults in all that a test does not name. */
export function cameraSettings(values: Partial<CameraSettings> = {}): CameraSettings {
  return settingsSchema.parse({ cameras: { camera: { source: 'demo', ...values } } }).cameras.camera as CameraSettings;
}

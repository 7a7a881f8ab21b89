import { type CameraSettings, type Settings, settingsSchema } from '../../src/config/schema.js';
import type { VerifiedModel } from '../../src/contract/model-card.js';
import { usualInputPixels } from '../../src/contract/running-model.js';
import type { EngineSettings } from '../../src/engine/protocol.js';

/** Settings of a camera: the defaults in all that a test does not name. */
export function cameraSettings(values: Partial<CameraSettings> = {}): CameraSettings {
  return settingsSchema.parse({ cameras: { camera: { source: 'demo', ...values } } }).cameras.camera as CameraSettings;
}

/** An engine's input that nothing has to be measured for. */
export const usualInput = { pixels: usualInputPixels, reason: 'a test' };

/** What an engine of these settings is told at its start, with nothing but a detector. */
export function engineSettings({ runtime, events, cameras }: Settings, model: VerifiedModel): EngineSettings {
  const where = { runId: 'test', cacheDirectory: '/nowhere' };
  return { ...where, model, input: usualInput, runtime, events, cameras, adjustments: {} };
}

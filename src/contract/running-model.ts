// Apart from the cards' schemas, which engines and capture threads have no use for: zod is 4 MB in each of them.
import type { Task, VerifiedModel } from './model-card.js';

/** Pixels of the input where nobody chooses its size: as many as 256×256, which the network is tuned for. */
export const usualInputPixels = 256 * 256;

/**
 * The model with the file that runs on a provider. ONNX Runtime's CUDA provider has no integer convolutions: there INT8
 * is FP32 with rounding between, slower than the FP32 file and not what the card was measured with. TensorRT takes no
 * zero points but 0, and the activations of our INT8 files have others.
 */
export function modelOn<T extends Task>({ onGpu, ...model }: VerifiedModel<T>, provider: string): VerifiedModel<T> {
  return provider !== 'cpu' ? { ...model, ...onGpu } : model;
}

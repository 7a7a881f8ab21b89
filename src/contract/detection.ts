import type { Box } from './geometry.js';

/** One object that the network sees in one picture. */
export interface Detection {
  /** Name out of the model card's `classes`. */
  class: string;
  /** 0..1. */
  score: number;
  box: Box;
}

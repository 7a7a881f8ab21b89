/** The eight classes, in the order that the training data uses for their numbers. */
export const CLASSES = ['person', 'bicycle', 'car', 'motorcycle', 'bus', 'truck', 'cat', 'dog'] as const;

export type ClassName = (typeof CLASSES)[number];

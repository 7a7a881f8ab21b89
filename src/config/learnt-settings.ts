import { z } from 'zod';
import { box } from '../contract/geometry.js';
import { unknownClass } from '../contract/head.js';

/** A model's name, a class or a state: it becomes a part of a path or a level of a topic. */
const plainName = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'a name: 1 to 64 letters, digits, "_" or "-"')
  .refine((name) => name !== unknownClass, `a name other than "${unknownClass}", which says that none fits`);

/** A region of a camera's picture that is in one of a few states. */
export const stateSettings = z.strictObject({
  region: box
    .refine(([left, top, right, bottom]) => right - left >= 0.01 && bottom - top >= 0.01, 'a region with an area')
    .describe('[left, top, right, bottom]: the part of the picture that shows it, fractions'),
  classes: z.array(plainName).min(2).describe('the states that it may be in'),
  model: plainName.optional().describe('that was taught to tell them; by default one of the state’s own name'),
  everySeconds: z.number().min(0.2).max(3600).default(1).describe('it is looked at that often where nothing moves'),
  agree: z
    .tuple([z.int().min(1).max(100), z.int().min(1).max(100)])
    .refine(([n, m]) => n <= m && 2 * n > m, '[n, m] with m/2 < n <= m')
    .default([4, 5])
    .describe('[n, m]: it has changed when n of the last m looks say so'),
});
export type StateSettings = z.infer<typeof stateSettings>;

/** What is asked of the objects of some classes besides what they are. */
export const classifierSettings = z.strictObject({
  classes: z.array(z.string()).min(1).describe('the objects of these classes of the detector are looked at'),
  model: z.string().min(1).max(256).describe('a model that was taught, or another classifier: its name or folder'),
  minScore: z.number().min(0).max(1).default(0.5).describe('of the vote; below it nothing is told'),
  looks: z.int().min(1).max(50).default(5).describe('the vote is over so many of an object’s best pictures'),
});
export type ClassifierSettings = z.infer<typeof classifierSettings>;

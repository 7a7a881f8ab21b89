import { z } from 'zod';

const megabyte = 1024 * 1024;

/** What is kept of the past, for the page; the outbox is not part of it. */
export const historySettings = z
  .strictObject({
    enabled: z.boolean().default(true).describe('an event list with pictures, counts by hour and heat maps are kept'),
    maxEvents: z.int().min(1).max(100_000).default(5000).describe('the oldest are deleted first'),
    maxBytes: z
      .int()
      .min(megabyte)
      .default(256 * megabyte)
      .describe('of pictures and clips together'),
    maxAgeDays: z.number().positive().max(3650).default(30),
    pictures: z.boolean().default(true).describe('the whole picture beside each snapshot'),
    clips: z
      .strictObject({
        enabled: z
          .boolean()
          .default(false)
          .describe('a short clip around each event, of cameras that send compressed video; costs memory and disk'),
        beforeSeconds: z.number().min(0).max(30).default(5),
        afterSeconds: z.number().min(0).max(30).default(1),
        maxSeconds: z.number().min(2).max(120).default(30).describe('a longer event has its beginning in its clip'),
        maxBytes: z
          .int()
          .min(megabyte)
          .default(32 * megabyte)
          .describe('of memory for the newest video, a camera'),
      })
      .prefault({}),
  })
  .prefault({});
export type HistorySettings = z.infer<typeof historySettings>;

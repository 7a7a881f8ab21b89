import { z } from 'zod';

const count = z.int().min(0);

/** What one camera did since the start of its engine. */
export const cameraHealth = z.object({
  state: z.string(),
  fps: z.number().describe('frames analysed a second, over the last period'),
  frames: count.describe('analysed'),
  still: count.describe('of them, pictures in which nothing had changed, so that the network was spared them'),
  skipped: count.describe('captured, but a newer one came before the network was free'),
  decodeErrors: count,
  tracks: count.describe('confirmed and open now'),
  inferenceMs: z.number().nullable().describe('mean of the last period; null when there was none'),
});
export type CameraHealth = z.infer<typeof cameraHealth>;

/** `minspnet/<node>/health`: retained, every few seconds. */
export const health = z.object({
  at: z.iso.datetime(),
  uptimeSeconds: z.number(),
  engine: z.object({ state: z.string(), restarts: count, rssBytes: count }),
  daemon: z.object({ rssBytes: count }),
  outbox: z.object({
    waiting: count,
    dropped: count.describe('oldest events given up because the outbox was full'),
    delivered: count,
  }),
  cameras: z.record(z.string(), cameraHealth),
});
export type Health = z.infer<typeof health>;

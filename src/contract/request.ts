import { z } from 'zod';

/** Ties a response to its request; whoever asks chooses it. MQTT 5's correlation data does the same. */
const transaction = z.union([z.string().max(256), z.number()]);

/** `minspnet/<node>/request/<name>`: what is asked for, with what that needs. Never retained. */
export const request = z.looseObject({ transaction: transaction.optional() });
export type Request = z.infer<typeof request>;

/** `minspnet/<node>/response/<name>`, or MQTT 5's response topic: the answer to each request. Never retained. */
export const response = z.object({
  status: z.enum(['ok', 'error']),
  data: z.unknown().describe('what was asked for; an empty object where there is nothing to say'),
  error: z.string().optional().describe('why not, and what to do'),
  transaction: transaction.optional().describe('of the request'),
});
export type Response = z.infer<typeof response>;

import { z } from 'zod';

/** Addresses that only this machine itself reaches. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** The page, the metrics and what else the daemon says over HTTP. */
export const httpSettings = z
  .strictObject({
    enabled: z.boolean().default(true).describe('the page, /metrics and all else over HTTP'),
    host: z
      .string()
      .min(1)
      .default('127.0.0.1')
      .describe('the address that it listens on; 0.0.0.0 is all; any other than this machine’s own needs a `token`'),
    port: z
      .int()
      .min(0)
      .max(65535)
      .default(8787)
      .describe('the next free one is taken where it was not asked for by name'),
    token: z
      .string()
      .regex(/^[\x21-\x7e]{16,256}$/, '16 to 256 letters, digits and signs without spaces (`openssl rand -hex 16`)')
      .optional()
      .describe('whoever comes needs it; use `!secret NAME`, or the environment'),
    url: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('the address that others reach it by, behind a proxy for one; it is told to Home Assistant'),
    frameAncestors: z
      .array(z.string().regex(/^https?:\/\/[^\s/;,*'"]+$/, 'an origin, such as http://homeassistant.lan:8123'))
      .max(16)
      .default([])
      .describe('the origins whose pages may show this one in a frame, such as a dashboard'),
  })
  .refine(({ enabled, host, token }) => !enabled || isLoopback(host) || token !== undefined, {
    message: 'a token of 16 characters or more, since `http.host` is not this machine alone',
    path: ['token'],
  })
  .prefault({});
export type HttpSettings = z.infer<typeof httpSettings>;

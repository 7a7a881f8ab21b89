import type { Schema } from '@cfworker/json-schema';
import type { Payloads } from '../../src/client/payloads.js';

/** JSON Schemas of what the client reads, without their words; put in by `bundle.ts`. */
export declare const schemas: Record<keyof Payloads | 'laterEvent', Schema>;

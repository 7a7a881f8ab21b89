import type { z } from 'zod';
import { MinspnetError } from '../contract/errors.js';
import type { HttpError } from '../contract/http.js';

/** A request that can't be served. Code `ERR_HTTP_…`. */
export class HttpProblem extends MinspnetError {
  constructor(
    readonly status: number,
    code: string,
    message: string,
  ) {
    super(code, 'usage', message);
  }
}

/** Statuses of errors that are raised elsewhere, by the beginning of their code; everything else is a bug of ours. */
const statuses: [RegExp, number][] = [
  [/^ERR_REQUEST_(CAMERA|MODEL)$/, 404],
  [/^ERR_REQUEST_(OFF|DENIED)$/, 403],
  [/^ERR_(REQUEST_BUSY|CONFIG_CHANGED)$/, 409],
  [/^ERR_(CONFIG|REQUEST|BROKER|MODEL)_/, 400],
  [/^ERR_(SOURCE|ENGINE)_/, 503],
];

/** Status and body of the answer to a request that failed. */
export function answerOf(error: MinspnetError): { status: number; body: HttpError } {
  const status =
    error instanceof HttpProblem ? error.status : (statuses.find(([code]) => code.test(error.code))?.[1] ?? 500);
  return { status, body: { error: error.message, code: error.code } };
}

/**
 * What was sent, as the schema reads it.
 *
 * @throws {HttpProblem} 400 with every mistake
 */
export function read<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  const mistakes = result.error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`);
  throw new HttpProblem(400, 'ERR_HTTP_REQUEST', `what was sent is wrong: ${mistakes.slice(0, 10).join('; ')}`);
}

import type { HttpError } from '../../../src/contract/http.js';

/** Longer than the board takes for anything but a discovery or a test of a camera, ms. */
const patienceMs = 15_000;

/** An answer that is no success, or none at all. */
export class BoardError extends Error {
  override readonly name = 'BoardError';

  constructor(
    message: string,
    readonly code: string,
    /** HTTP status; 0: no answer. */
    readonly status: number,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

export interface Ask {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH';
  /** Sent as JSON. */
  body?: unknown;
  /** Query; what is undefined is left out. */
  query?: Record<string, string | number | undefined>;
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** The address of something on the board, beside the page's own. */
export function addressOf(path: string, query: Ask['query'] = {}): string {
  const url = new URL(path.replace(/^\//, ''), document.baseURI);
  url.hash = '';
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') url.searchParams.set(name, String(value));
  }
  return url.href;
}

export function socketAddressOf(path: string, query: Ask['query'] = {}): string {
  return addressOf(path, query).replace(/^http/, 'ws');
}

/** @throws {BoardError} also where the board does not answer in time */
export async function request(path: string, ask: Ask = {}): Promise<Response> {
  const { method = 'GET', body, query, timeoutMs = patienceMs, signal } = ask;
  const timeout = AbortSignal.timeout(timeoutMs);
  const init: RequestInit = {
    method,
    credentials: 'same-origin',
    cache: 'no-store',
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
  };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { 'content-type': 'application/json' };
  }
  let response: Response;
  try {
    response = await fetch(addressOf(path, query), init);
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new BoardError('The board does not answer.', timeout.aborted ? 'TIMEOUT' : 'OFFLINE', 0, { cause });
  }
  if (!response.ok) throw await refusal(response);
  return response;
}

async function refusal(response: Response): Promise<BoardError> {
  try {
    const { error, code } = (await response.json()) as HttpError;
    return new BoardError(error, code, response.status);
  } catch (cause) {
    return new BoardError(`${response.status} ${response.statusText}`, 'ERR_HTTP', response.status, { cause });
  }
}

/** The answer as JSON, unchecked: it comes from the daemon that this page came from. */
export async function ask<Answer>(path: string, options?: Ask): Promise<Answer> {
  const response = await request(path, options);
  return (response.status === 204 ? undefined : await response.json()) as Answer;
}

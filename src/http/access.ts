import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isLoopback } from '../config/http-settings.js';
import type { Attempts } from './attempts.js';
import type { RefusalReason } from './refusals.js';

/** What is needed of a request to know whether it may come in. */
export interface Visit {
  headers: IncomingHttpHeaders;
  remoteAddress: string | undefined;
}

/** Why somebody may not come in. */
export interface Refusal {
  status: 400 | 401 | 403 | 429;
  reason: RefusalReason;
  code: string;
  error: string;
}

/** The cookie that stands for the token. */
export const cookieName = 'minspnet';

/**
 * Decides who may come in.
 *
 * Without a token the server is for this machine alone. A page in this machine's browser must not reach it for others: by
 * its own origin (`Origin`, `Sec-Fetch-Site`), or by a name that it points at 127.0.0.1 (DNS rebinding: `Host`). With a
 * token, whoever has it may come by any name: a browser sends the cookie only to the name that gave it.
 */
export class Access {
  readonly #digest: Buffer | undefined;
  readonly #cookie: string | undefined;

  constructor(
    token: string | undefined,
    private readonly attempts: Attempts,
  ) {
    this.#digest = token === undefined ? undefined : digest(token);
    // Not the token itself: it lies in a browser's profile. The same after a restart, another one with another token.
    this.#cookie = token && createHmac('sha256', token).update('minspnet cookie 1').digest('base64url');
  }

  get tokenNeeded(): boolean {
    return this.#digest !== undefined;
  }

  /** Undefined where the request comes from where it may come from; what it asks for may still need the token. */
  refuseOrigin({ headers }: Visit): Refusal | undefined {
    const { host, origin } = headers;
    const name = hostName(host);
    if (name === undefined) return refused(400, 'host', 'ERR_HTTP_HOST', 'the request names no host that can be read');
    if (!this.tokenNeeded && !isLoopback(name)) {
      const what = `without http.token only this machine is served, by 127.0.0.1 or localhost, not as "${name}"`;
      return refused(403, 'host', 'ERR_HTTP_HOST', what);
    }
    if (origin !== undefined && originHost(origin) !== host?.toLowerCase()) {
      return refused(403, 'origin', 'ERR_HTTP_ORIGIN', 'a page of another server may not ask for this');
    }
    // A link or an address that was typed in may come from anywhere; a picture or a script of another page may not.
    const site = headers['sec-fetch-site'];
    if ((site === 'cross-site' || site === 'same-site') && headers['sec-fetch-mode'] !== 'navigate') {
      return refused(403, 'origin', 'ERR_HTTP_ORIGIN', 'a page of another server may not ask for this');
    }
    return undefined;
  }

  /** Undefined where no token is needed, or the right one was sent: as `Bearer`, as the password of `Basic`, as cookie. */
  refuseToken({ headers, remoteAddress }: Visit): Refusal | undefined {
    if (this.#digest === undefined || this.#hasCookie(headers)) return undefined;
    const given = credentials(headers.authorization);
    if (given === undefined) {
      return refused(401, 'token', 'ERR_HTTP_TOKEN', 'a token is needed: http.token of the settings');
    }
    return this.refuseGiven(given, remoteAddress);
  }

  /** Undefined where it is the token, or none is needed. */
  refuseGiven(given: string, remoteAddress: string | undefined): Refusal | undefined {
    if (this.#digest === undefined) return undefined;
    const visitor = remoteAddress ?? '';
    if (!this.attempts.mayTry(visitor)) {
      return refused(429, 'rate', 'ERR_HTTP_RATE', 'too many wrong tokens came from there: try again in a minute');
    }
    // Digests are of one length, so that the comparison tells nothing by its time.
    if (timingSafeEqual(digest(given), this.#digest)) return undefined;
    this.attempts.failed(visitor);
    return refused(401, 'token', 'ERR_HTTP_TOKEN', 'this is not the token: see http.token of the settings');
  }

  /** `Set-Cookie` for somebody who has shown the token. A year: it ends with the token. */
  cookie(secure: boolean): string {
    const flags = `Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000${secure ? '; Secure' : ''}`;
    return `${cookieName}=${this.#cookie ?? ''}; ${flags}`;
  }

  #hasCookie({ cookie = '' }: IncomingHttpHeaders): boolean {
    const given = cookie
      .split(';')
      .map((part) => part.trim().split('='))
      .find(([name]) => name === cookieName)?.[1];
    return given !== undefined && timingSafeEqual(digest(given), digest(this.#cookie ?? ''));
  }
}

function refused(status: Refusal['status'], reason: RefusalReason, code: string, error: string): Refusal {
  return { status, reason, code, error };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function hostName(host: string | undefined): string | undefined {
  if (host === undefined || !/^(\[[0-9a-f:.]+\]|[\w.-]+)(:\d{1,5})?$/i.test(host)) return undefined;
  return host
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '');
}

function originHost(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

function credentials(authorization: string | undefined): string | undefined {
  const [, scheme = '', value = ''] = /^(\w+) +(\S+)$/.exec(authorization ?? '') ?? [];
  if (scheme.toLowerCase() === 'bearer') return value;
  if (scheme.toLowerCase() !== 'basic') return undefined;
  return /^[^:]*:(.*)$/s.exec(Buffer.from(value, 'base64').toString())?.[1];
}

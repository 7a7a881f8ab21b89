import { createHash, randomBytes } from 'node:crypto';

/** One of the ways to log in that a server offers: RFC 7617 and 7616, for HTTP and RTSP alike. */
export interface Challenge {
  scheme: 'basic' | 'digest';
  parameters: Record<string, string>;
}

/** Node's names of the hashes that RFC 7616 has, best first; servers that name none mean MD5. */
const hashes: Record<string, string> = { 'SHA-512-256': 'sha512-256', 'SHA-256': 'sha256', MD5: 'md5' };
const order = Object.keys(hashes);

/** The best way that we know of all that a server offers; undefined if there is none. */
export function bestChallenge(headers: readonly string[]): Challenge | undefined {
  const challenges = headers.flatMap(parse);
  const rank = ({ scheme, parameters }: Challenge) =>
    scheme === 'basic' ? order.length : order.indexOf(algorithmOf(parameters).name);
  return challenges.filter((one) => rank(one) >= 0).toSorted((a, b) => rank(a) - rank(b))[0];
}

/** Whether it is a way that FFmpeg doesn't know: of digests it knows MD5 alone. */
export function isBeyondFfmpeg({ scheme, parameters }: Challenge): boolean {
  return scheme === 'digest' && algorithmOf(parameters).name !== 'MD5';
}

/** Answers challenges with one user's name and password. */
export class Login {
  #challenge: Challenge | undefined;
  #count = 0;

  constructor(
    private readonly user: string,
    private readonly password: string,
    private readonly random = () => randomBytes(8).toString('hex'),
  ) {}

  /** The login of an address; undefined if it has none. */
  static of({ username, password }: URL): Login | undefined {
    if (username === '' && password === '') return undefined;
    return new Login(unescaped(username), unescaped(password));
  }

  /** From now on requests are answered this way. */
  accept(challenge: Challenge): void {
    this.#challenge = challenge;
    this.#count = 0;
  }

  /** The header `Authorization` of a request, or undefined before there was a challenge. */
  header(method: string, uri: string): string | undefined {
    if (this.#challenge === undefined) return undefined;
    const { scheme, parameters } = this.#challenge;
    if (scheme === 'basic') return `Basic ${Buffer.from(`${this.user}:${this.password}`).toString('base64')}`;
    const { realm = '', nonce = '', opaque, algorithm, qop, userhash } = parameters;
    const { name, isSession } = algorithmOf(parameters);
    const hash = (text: string) =>
      createHash(hashes[name] ?? 'md5')
        .update(text)
        .digest('hex');
    const cnonce = this.random();
    this.#count += 1;
    const count = this.#count.toString(16).padStart(8, '0');
    const offered = qop?.split(',').map((word) => word.trim().toLowerCase());
    const quality = offered?.includes('auth') ? 'auth' : offered?.includes('auth-int') ? 'auth-int' : undefined;
    const secret = hash(`${this.user}:${realm}:${this.password}`);
    const ha1 = isSession ? hash(`${secret}:${nonce}:${cnonce}`) : secret;
    const ha2 = hash(quality === 'auth-int' ? `${method}:${uri}:${hash('')}` : `${method}:${uri}`);
    const middle = quality === undefined ? nonce : `${nonce}:${count}:${cnonce}:${quality}`;
    const quoted = {
      username: userhash === 'true' ? hash(`${this.user}:${realm}`) : this.user,
      realm,
      nonce,
      uri,
      response: hash(`${ha1}:${middle}:${ha2}`),
      ...(opaque !== undefined && { opaque }),
      ...((quality !== undefined || isSession) && { cnonce }),
    };
    const bare = {
      ...(algorithm !== undefined && { algorithm }),
      ...(quality !== undefined && { qop: quality, nc: count }),
      ...(userhash === 'true' && { userhash }),
    };
    return `Digest ${[
      ...Object.entries(quoted).map(([key, value]) => `${key}="${value.replace(/["\\]/g, '\\$&')}"`),
      ...Object.entries(bare).map(([key, value]) => `${key}=${value}`),
    ].join(', ')}`;
  }
}

function algorithmOf({ algorithm = 'MD5' }: Record<string, string>): { name: string; isSession: boolean } {
  const name = algorithm.toUpperCase();
  return { name: name.replace(/-SESS$/, ''), isSession: name.endsWith('-SESS') };
}

/** `Digest realm="x, y", nonce=z, Basic realm="x"`: commas part parameters and challenges alike. */
function parse(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  const token = /([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))|([A-Za-z]+)(?=\s|,|$)/g;
  for (const [, key, quoted, bare, scheme] of header.matchAll(token)) {
    const known = scheme?.toLowerCase();
    if (known === 'basic' || known === 'digest') challenges.push({ scheme: known, parameters: {} });
    else if (scheme !== undefined) challenges.push({ scheme: 'digest', parameters: { algorithm: 'unknown' } });
    const last = challenges.at(-1);
    if (key !== undefined && last) last.parameters[key.toLowerCase()] = quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '';
  }
  return challenges;
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a percent sign that was not escaped
  }
}

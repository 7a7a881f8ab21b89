import { Agent as HttpAgent, get as httpGet, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, get as httpsGet } from 'node:https';
import { AVERROR_EXIT, AVERROR_HTTP_NOT_FOUND, AVERROR_HTTP_UNAUTHORIZED } from 'node-av/constants';
import type { SourceError } from '../../contract/errors.js';
import { certificateError, tlsOptions } from './certificate.js';
import { bestChallenge, Login } from './http-login.js';
import type { HttpSource } from './source.js';
import { ffmpegError, sourceError, systemError } from './source-error.js';

const mostRedirects = 5;
/** Some cameras answer only to what looks like a browser. */
const headers = { 'User-Agent': 'Mozilla/5.0 (compatible; minspnet)', Accept: '*/*' };

/**
 * Asks one address again and again, with the login that it has. It follows redirections, never from https to http, and
 * tells no other host the login.
 */
export class HttpClient implements Disposable {
  readonly #url: URL;
  readonly #login: Login | undefined;
  readonly #agents: { 'http:': HttpAgent; 'https:': HttpsAgent };
  #current: { destroy(error?: Error): unknown } | undefined;
  #interrupted = false;

  /** @throws {SourceError} ERR_SOURCE_ACCESS if the file of `network.tls.ca` can't be read */
  constructor(private readonly source: HttpSource) {
    this.#url = new URL(source.url);
    this.#login = Login.of(this.#url);
    this.#agents = {
      'http:': new HttpAgent({ keepAlive: true }),
      'https:': new HttpsAgent({ keepAlive: true, ...tlsOptions(source) }),
    };
  }

  /**
   * The answer, once its head is there. Silence in its body for longer than the time-out destroys it.
   *
   * @throws {SourceError}
   */
  async get(): Promise<IncomingMessage> {
    let url = this.#url;
    let isAnswered = false;
    for (let redirects = 0; redirects <= mostRedirects; ) {
      const response = await this.#request(url);
      const { statusCode: status = 0 } = response;
      if (status >= 200 && status < 300) return response;
      response.resume();
      const challenge = status === 401 && !isAnswered && this.#isOwn(url) ? challengeOf(response) : undefined;
      const { location } = response.headers;
      if (challenge !== undefined && this.#login !== undefined) {
        this.#login.accept(challenge);
        isAnswered = true;
      } else if (status >= 300 && status < 400 && location !== undefined) {
        url = this.#redirected(url, location);
        redirects += 1;
      } else throw this.#refused(status);
    }
    throw sourceError(
      'ERR_SOURCE_OPEN',
      'source',
      `source ${this.source.url} redirects in circles. Check the address.`,
    );
  }

  /** What waits for an answer, or for more of it, ends. */
  interrupt(): void {
    this.#interrupted = true;
    this.#current?.destroy();
  }

  [Symbol.dispose](): void {
    this.interrupt();
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  /** An error of a request or of an answer's body in our words. */
  error(cause: unknown, code: 'ERR_SOURCE_OPEN' | 'ERR_SOURCE_READ'): SourceError {
    const { source } = this;
    const doing = code === 'ERR_SOURCE_OPEN' ? 'can’t be opened' : 'broke off';
    if (this.#interrupted) {
      return sourceError('ERR_SOURCE_READ', 'source', `source ${source.url} was interrupted. Try again.`);
    }
    if (cause instanceof Silence) return ffmpegError(source, AVERROR_EXIT, doing);
    const known = certificateError(source, cause) ?? systemError(source, cause, doing);
    if (known !== undefined && known.code !== 'ERR_SOURCE_OPEN') return known;
    const { message } = cause as Error;
    const advice = 'Check the address and that the camera is on';
    return sourceError(code, 'source', `source ${source.url} ${doing}: ${message}. ${advice}.`, cause);
  }

  #request(url: URL): Promise<IncomingMessage> {
    const isSecure = url.protocol === 'https:';
    const uri = `${url.pathname}${url.search}`;
    const login = this.#isOwn(url) ? this.#login?.header('GET', uri) : undefined;
    const options = {
      hostname: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port,
      path: uri,
      headers: { ...headers, ...(login !== undefined && { Authorization: login }) },
      insecureHTTPParser: true, // cameras end lines as they like
    };
    return new Promise((resolve, reject) => {
      if (this.#interrupted) {
        reject(this.error(undefined, 'ERR_SOURCE_OPEN'));
        return;
      }
      const request = isSecure
        ? httpsGet({ ...options, agent: this.#agents['https:'] })
        : httpGet({ ...options, agent: this.#agents['http:'] });
      this.#current = request;
      const { timeoutMs } = this.source.network;
      const headTimer = setTimeout(() => request.destroy(new Silence()), timeoutMs); // a head may come byte by byte
      request.setTimeout(timeoutMs, () => this.#current?.destroy(new Silence()));
      request.on('response', (response) => {
        clearTimeout(headTimer);
        this.#current = response;
        resolve(response);
      });
      request.on('error', (error) => {
        clearTimeout(headTimer);
        reject(this.error(error, 'ERR_SOURCE_OPEN'));
      });
    });
  }

  #isOwn({ host }: URL): boolean {
    return host === this.#url.host;
  }

  #redirected(from: URL, location: string): URL {
    const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
    const isAllowed = to?.protocol === 'https:' || (to?.protocol === 'http:' && from.protocol === 'http:');
    if (to !== undefined && isAllowed) return to;
    const what = `source ${this.source.url} redirects to ${location}, where the pictures would not be safe`;
    throw sourceError('ERR_SOURCE_OPEN', 'source', `${what}. Use the address that the camera means.`);
  }

  #refused(status: number): SourceError {
    if (status === 401 || status === 403) return ffmpegError(this.source, AVERROR_HTTP_UNAUTHORIZED, '');
    if (status === 404 || status === 410) return ffmpegError(this.source, AVERROR_HTTP_NOT_FOUND, '');
    const what = `source ${this.source.url} answers with the HTTP status ${status}`;
    return sourceError('ERR_SOURCE_OPEN', 'source', `${what}. Check the address and the camera’s settings.`);
  }
}

/** Nothing came within the time-out. */
class Silence extends Error {}

function challengeOf({ rawHeaders }: IncomingMessage) {
  const isLogin = (_: string, i: number) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === 'www-authenticate';
  return bestChallenge(rawHeaders.filter(isLogin));
}

// fastify: the framework that is kept up best; it brings routing, body limits and time-outs that our own would lack.
import { existsSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import send from '@fastify/send';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { HttpSettings } from '../config/http-settings.js';
import type { Redactor } from '../config/mask.js';
import { asMinspnetError, MinspnetError } from '../contract/errors.js';
import { Access, type Refusal } from './access.js';
import { Attempts } from './attempts.js';
import type { Backend } from './backend.js';
import { Connections } from './connections.js';
import type { ServerMeasures } from './metrics/measures.js';
import { metricsText, metricsType } from './metrics/metrics.js';
import { answerOf, HttpProblem } from './problem.js';
import { Refusals } from './refusals.js';
import { apiRoutes } from './routes/api.js';
import { historyRoutes } from './routes/history.js';
import { sessionRoutes } from './routes/session.js';
import { settingUpRoutes } from './routes/setting-up.js';
import { settingsRoutes } from './routes/settings.js';
import { Sockets } from './sockets.js';

export interface HttpServerOptions {
  settings: HttpSettings;
  /** The port was asked for by name: no other will do. */
  strictPort: boolean;
  /** Folder of the page; it need not be there. */
  page: string;
  backend: Backend;
  /** Takes what is secret out of what is answered. */
  redactor: Redactor;
  /** Is told of a bug of ours. */
  failed: (error: MinspnetError) => void;
}

/** How many ports after the wanted one are tried. */
const portsTried = 20;
/** Of a body; the largest, a polygon for each of fifty zones, has a tenth of it. Bytes. */
const maxBody = 128 * 1024;
/** Of all headers of a request, bytes. */
const maxHeaders = 16 * 1024;
/** From a request's first byte to the end of its headers, and to its last byte, milliseconds. */
const headersMs = 10_000;
const requestMs = 20_000;
/** A socket may wait so long for its next request, milliseconds. */
const keepAliveMs = 15_000;

/** What a page of ours may load, and who may show it in a frame. */
function securityHeaders(frameAncestors: readonly string[]): Record<string, string> {
  return {
    'Content-Security-Policy':
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; " +
      "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; " +
      ["frame-ancestors 'self'", ...frameAncestors].join(' '),
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Resource-Policy': 'same-origin',
  };
}

/** Says over HTTP what the daemon knows, and takes what may be changed: docs/http.md. */
export class HttpServer {
  readonly refusals = new Refusals();
  readonly #access: Access;
  readonly #headers: Record<string, string>;
  #server: FastifyInstance | undefined;
  #sockets: Sockets | undefined;
  #connections: Connections | undefined;

  constructor(private readonly options: HttpServerOptions) {
    this.#access = new Access(options.settings.token, new Attempts(() => performance.now()));
    this.#headers = securityHeaders(options.settings.frameAncestors);
  }

  /** The port that it listens on. Once it has started. */
  get port(): number {
    return (this.#server?.server.address() as AddressInfo | null)?.port ?? 0;
  }

  /** @throws {MinspnetError} ERR_HTTP_PORT, exit `port` */
  async start(): Promise<void> {
    const server = fastify({
      bodyLimit: maxBody,
      requestTimeout: requestMs,
      keepAliveTimeout: keepAliveMs,
      forceCloseConnections: true,
      // No route has a schema, and what compiles them is 3 MB.
      schemaController: { compilersFactory: { buildValidator: noSchema, buildSerializer: noSchema } },
      http: { headersTimeout: headersMs, connectionsCheckingInterval: 2000, maxHeaderSize: maxHeaders },
    });
    this.#server = server;
    this.#connections = new Connections(server.server, this.refusals);
    this.#sockets = new Sockets(server.server, this.options.backend, this.#access, this.refusals);
    server.server.prependListener('clientError', (error: NodeJS.ErrnoException) => {
      this.refusals.count(error.code?.includes('TIMEOUT') ? 'timeout' : 'malformed');
    });
    server.addHook('onRequest', (request, reply, done) => this.#admit(request, reply, done));
    server.addHook('preSerialization', async (_request, _reply, payload) => this.options.redactor.redactAll(payload));
    server.setErrorHandler((error, _request, reply) => this.#fail(error, reply));
    server.setNotFoundHandler((request) => {
      if (!['GET', 'HEAD'].includes(request.method)) this.refusals.count('method');
      throw new HttpProblem(404, 'ERR_HTTP_PATH', 'nothing is at this address');
    });
    sessionRoutes(server, this.#access, this.options.backend, (refusal, reply) => this.#refuse(refusal, reply));
    historyRoutes(server, this.options.backend);
    settingUpRoutes(server, this.options.backend);
    settingsRoutes(server, this.options.backend);
    apiRoutes(server, this.options.backend, this.#sockets);
    server.get('/metrics', async (_request, reply) => {
      const text = await metricsText(this.options.backend.measures(), this.#measures());
      return reply.type(metricsType).send(text);
    });
    await this.#servePage(server);
    await server.ready();
    await this.#listen(server);
  }

  async stop(): Promise<void> {
    this.#sockets?.stop();
    this.#connections?.closeAll();
    await this.#server?.close();
    this.#server = undefined;
  }

  #measures(): ServerMeasures {
    const live = [...(this.#sockets?.live ?? [])].map(([camera, { viewers, sent, lost }]) => {
      return [camera, { viewers, sent, lost }] as const;
    });
    return {
      refused: this.refusals.counts,
      connections: this.#connections?.open ?? 0,
      webSockets: this.#sockets?.count ?? 0,
      live: Object.fromEntries(live),
    };
  }

  #admit(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
    reply.headers(this.#headers);
    const { headers, ip: remoteAddress } = request;
    const visit = { headers, remoteAddress };
    const isOpen = request.routeOptions.config.open === true || request.is404;
    const refusal = this.#access.refuseOrigin(visit) ?? (isOpen ? undefined : this.#access.refuseToken(visit));
    if (refusal === undefined) done();
    else this.#refuse(refusal, reply);
  }

  #refuse({ status, reason, code, error }: Refusal, reply: FastifyReply): void {
    this.refusals.count(reason);
    if (status === 401) reply.header('WWW-Authenticate', 'Bearer realm="minspnet"');
    if (status === 429) reply.header('Retry-After', '60');
    reply.code(status).send({ error, code });
  }

  #fail(error: unknown, reply: FastifyReply): void {
    const { statusCode = 500, code = '' } = error as { statusCode?: number; code?: string };
    if (code.startsWith('FST_') && statusCode < 500) {
      // What fastify itself refuses: a body that is too long, or no JSON.
      this.refusals.count('body');
      reply.code(statusCode).send({ error: (error as Error).message, code: 'ERR_HTTP_BODY' });
      return;
    }
    const known = asMinspnetError(error);
    const { status, body } = answerOf(known);
    if (known.code === 'ERR_INTERNAL') this.options.failed(known);
    reply.code(status).type('application/json').send(body);
  }

  async #servePage(server: FastifyInstance): Promise<void> {
    const { page } = this.options;
    if (!existsSync(page)) {
      const text =
        'The daemon runs, but its page is not built: npm run build:web. docs/http.md tells what else is here.\n';
      server.get('/', { config: { open: true } }, (_request, reply) => reply.type('text/plain').send(text));
      return;
    }
    // A route each file that is there: nothing else can be reached, whatever the path says.
    for (const file of await readdir(page, { recursive: true })) {
      if (!statSync(join(page, file)).isFile()) continue;
      const path = `/${file}`;
      // What the build names by its content never changes.
      const caching = path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';
      const serve = async (request: FastifyRequest, reply: FastifyReply) => {
        const { statusCode, headers, stream } = await send(request.raw, encodeURI(path), {
          root: page,
          cacheControl: false,
        });
        return reply.code(statusCode).headers(headers).header('Cache-Control', caching).send(stream);
      };
      for (const url of path === '/index.html' ? ['/', path] : [path]) {
        server.get(url, { config: { open: true } }, serve);
      }
    }
  }

  async #listen(server: FastifyInstance): Promise<void> {
    const { settings, strictPort } = this.options;
    const { host, port } = settings;
    // In the end, any that is free: a board goes on being watched whoever has taken all of these.
    const others = [...Array(portsTried).keys()].map((i) => port + i + 1).filter((one) => one < 65_536);
    for (const candidate of strictPort || port === 0 ? [port] : [port, ...others, 0]) {
      try {
        await server.listen({ host, port: candidate });
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE' && !strictPort) continue;
        await this.stop();
        throw portError(host, candidate, error);
      }
    }
  }
}

function noSchema(): never {
  throw new TypeError('routes have no schemas: src/contract checks what comes and goes');
}

function portError(host: string, port: number, cause: unknown): MinspnetError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const why =
    code === 'EADDRINUSE'
      ? 'in use: see who holds it with `ss -ltnp`, or choose another `http.port`'
      : code === 'EADDRNOTAVAIL'
        ? 'no address of this machine: see `http.host`'
        : message;
  const what = `the HTTP server can't listen on port ${port} of ${host}: ${why}`;
  return new MinspnetError('ERR_HTTP_PORT', 'port', what, { cause });
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Also without a token. */
    open?: boolean;
  }
}

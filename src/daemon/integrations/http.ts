import { fileURLToPath } from 'node:url';
import type { Redactor } from '../../config/mask.js';
import type { Settings } from '../../config/schema.js';
import { httpAddress } from '../../http/address.js';
import type { Backend } from '../../http/backend.js';
import type { HttpServer } from '../../http/server.js';
import type { Log } from '../log.js';
import type { Part } from '../parts.js';

/** The page as it is built, seen from dist/src/daemon/integrations. */
const page = fileURLToPath(new URL('../../../page', import.meta.url));

/** The page, the metrics, and what else is said over HTTP. */
export class HttpIntegration implements Part {
  readonly name = 'http';
  #server: HttpServer | undefined;

  /** @param strict no other port will do */
  constructor(
    private readonly settings: Settings,
    private readonly strict: boolean,
    private readonly backend: Backend,
    private readonly redactor: Redactor,
    private readonly log: Log,
  ) {}

  async start(): Promise<void> {
    const { settings, strict: strictPort, backend, redactor, log } = this;
    const failed = (error: Error) =>
      log.error(`an HTTP request failed, a bug of ours: ${error.stack ?? error.message}`);
    // Loaded only where it is wanted: it takes memory.
    const { HttpServer } = await import('../../http/server.js');
    this.#server = new HttpServer({ settings: settings.http, strictPort, page, backend, redactor, failed });
    await this.#server.start();
    const { token } = settings.http;
    const who = token === undefined ? 'for this machine only' : 'with http.token';
    log.info(`http      ${httpAddress(settings.http, this.#server.port)} (${who})`);
  }

  /** As others reach it; undefined before it has started. */
  get address(): string | undefined {
    return this.#server && httpAddress(this.settings.http, this.#server.port);
  }

  async stop(): Promise<void> {
    await this.#server?.stop();
  }
}

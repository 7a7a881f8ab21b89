import type { EventRecord } from '../../../src/contract/event-record.js';
import type { Health } from '../../../src/contract/health.js';
import type { HttpCamera, HttpCameras, HttpInfo, HttpSession, Saved } from '../../../src/contract/http.js';
import type { FeedMessage } from '../../../src/contract/live.js';
import { ask, BoardError, socketAddressOf } from './http.js';
import { type LinkState, ReconnectingSocket } from './reconnecting-socket.js';
import { Store } from './store.js';

/** What the page knows of the board. */
export interface Knowledge {
  link: LinkState | 'locked';
  /** When it was last heard of, ms since 1970; null: never. */
  heardAt: number | null;
  info: HttpInfo | null;
  /** null: not known yet. */
  cameras: HttpCamera[] | null;
  health: Health | null;
  /** Another daemon than the one that this page came from: its answers may have another shape. */
  hasOtherVersion: boolean;
}

/** Health comes every five seconds. */
const silenceMs = 20_000;

const nothing: Knowledge = {
  link: 'connecting',
  heardAt: null,
  info: null,
  cameras: null,
  health: null,
  hasOtherVersion: false,
};

/** The board, as it is told on its feed; what views read. */
export class Board {
  readonly known = new Store<Knowledge>(nothing);
  readonly #onRecord = new Set<(record: EventRecord) => void>();
  #socket: ReconnectingSocket | undefined;

  /** @throws nothing: what fails shows in `known.link`. */
  async start(): Promise<void> {
    try {
      const { tokenNeeded, authenticated } = await ask<HttpSession>('/api/session');
      if (tokenNeeded && !authenticated) {
        this.known.set({ link: 'locked' });
        return;
      }
    } catch {
      // The socket below tries again and again, and asks for the session when it is refused.
    }
    this.#connect();
  }

  stop(): void {
    this.#socket?.stop();
    this.#socket = undefined;
  }

  /** @throws {BoardError} 401 for a wrong token, 429 after too many */
  async login(token: string): Promise<void> {
    await ask('/api/login', { method: 'POST', body: { token } });
    this.known.set({ link: 'connecting' });
    this.#connect();
  }

  /** Tells of each event that is new or has changed, until the returned function is called. */
  onRecord(listener: (record: EventRecord) => void): () => void {
    this.#onRecord.add(listener);
    return () => this.#onRecord.delete(listener);
  }

  /** Asks for what the feed does not tell: after a change of settings. */
  async refresh(): Promise<void> {
    try {
      const [info, { cameras }] = await Promise.all([ask<HttpInfo>('/api/info'), ask<HttpCameras>('/api/cameras')]);
      const before = this.known.value.info;
      const hasOtherVersion = this.known.value.hasOtherVersion || (before !== null && before.version !== info.version);
      this.known.set({ info, cameras, hasOtherVersion, heardAt: Date.now() });
    } catch (error) {
      if (error instanceof BoardError && error.status === 401) this.#lock();
    }
  }

  /**
   * Writes settings, unless the file is another than this page knows.
   *
   * @throws {BoardError} ERR_CONFIG_CHANGED, 409: nothing was written, and what is in force now is known
   */
  async save(path: string, method: 'PUT' | 'PATCH', body: unknown): Promise<Saved> {
    try {
      return await ask<Saved>(path, { method, body, query: { revision: this.known.value.info?.revision } });
    } finally {
      await this.refresh();
    }
  }

  #lock(): void {
    this.stop();
    this.known.set({ link: 'locked' });
  }

  #connect(): void {
    this.stop();
    this.#socket = new ReconnectingSocket(socketAddressOf('/api/feed'), silenceMs, {
      onState: (link) => this.#linked(link),
      onMessage: (data) => this.#hear(JSON.parse(String(data)) as FeedMessage),
    });
    this.#socket.start();
  }

  #linked(link: LinkState): void {
    // A refused token closes the socket like an outage does: only the session tells them apart.
    if (link === 'lost') void this.#checkSession();
    if (link === 'open') void this.refresh();
    const isRetry = link === 'connecting' && this.known.value.link === 'lost';
    if (!isRetry) this.known.set({ link });
  }

  async #checkSession(): Promise<void> {
    try {
      const { tokenNeeded, authenticated } = await ask<HttpSession>('/api/session', { timeoutMs: 3000 });
      if (tokenNeeded && !authenticated) this.#lock();
    } catch {
      // Away: the socket goes on trying.
    }
  }

  #hear(message: FeedMessage): void {
    const heardAt = Date.now();
    switch (message.kind) {
      case 'health':
        this.known.set({ heardAt, health: message.health, cameras: this.#withHealth(message.health) });
        break;
      case 'status':
        this.#changeCamera(message.status.camera, { status: message.status });
        break;
      case 'state':
        this.#changeCamera(message.state.camera, { state: message.state });
        break;
      case 'settings':
        this.#changeCamera(message.settings.camera, { settings: message.settings });
        break;
      case 'info':
      case 'configured':
        void this.refresh();
        break;
      case 'record':
        for (const listener of this.#onRecord) listener(message.record);
        break;
      case 'observation':
        break; // its record and its camera's state come by themselves
    }
  }

  #withHealth({ cameras }: Health): HttpCamera[] | null {
    const known = this.known.value.cameras;
    return known?.map((camera) => ({ ...camera, health: cameras[camera.name] ?? camera.health })) ?? null;
  }

  #changeCamera(name: string, change: Partial<HttpCamera>): void {
    const { cameras } = this.known.value;
    this.known.set({
      heardAt: Date.now(),
      cameras: cameras?.map((camera) => (camera.name === name ? { ...camera, ...change } : camera)) ?? null,
    });
  }
}

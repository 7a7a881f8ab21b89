// Node has no unix datagram sockets. The choice was `systemd-notify`, which is wherever systemd is, over a native
// addon: one short process each half watchdog interval costs nothing, and a crash in it can't take the daemon along.
// It needs NotifyAccess=all in the unit, since it is systemd-notify's process that speaks.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Health } from '../../contract/health.js';
import type { Feed } from '../feed.js';
import type { Part } from '../parts.js';

const execute = promisify(execFile);
/** systemd answers in milliseconds; a stop must not wait longer for one that doesn't. */
const answerMs = 500;
/** How often more time is asked for while the service starts, and each time for twice as long; milliseconds. */
const usualExtensionMs = 15_000;

/** Of the time between two words to the watchdog, what the event loop may be busy at most, 0..1. */
const busiest = 0.99;

/** Tells systemd that the daemon starts, is ready when the first engine is, and lives as long as it is well. */
export class SystemdIntegration implements Part {
  readonly name = 'systemd';
  readonly #notifier = new SystemdNotifier();

  /** @param isWell whether the watchdog is to be fed; @param isConnected whether there is a session with a broker */
  constructor(feed: Feed, isWell: () => boolean, isConnected: () => boolean) {
    feed.once('info', () => void this.#notifier.ready(isWell));
    feed.on('reloading', () => this.#notifier.reloading());
    feed.on('reloaded', () => this.#notifier.reloaded());
    feed.on('health', (health) => this.#notifier.status(statusOf(health, isConnected())));
  }

  /** The engine sees to it that this comes to an end. */
  start(): void {
    this.#notifier.starting();
  }

  /** It is told while the rest is being stopped. */
  stop(): void {
    void this.#notifier.stopping();
  }
}

/** What `systemctl status` shows of it: rate, temperature, and whether the broker takes events. */
export function statusOf({ cameras, sensors, outbox, engine }: Health, isConnected: boolean): string {
  const states = Object.values(cameras);
  const live = states.filter(({ state }) => state === 'live').length;
  const fps = states.reduce((sum, camera) => sum + camera.fps, 0);
  const { value, unit } = sensors.temperature;
  const parts = [`engine ${engine.state}`, `${live} of ${states.length} cameras live, ${fps.toFixed(1)} fps`];
  if (value !== null) parts.push(`${value.toFixed(0)} ${unit}`);
  return [...parts, `broker ${isConnected ? 'connected' : 'away'}, ${outbox.waiting} events wait for it`].join('; ');
}

/** Tells systemd how the service is (sd_notify(3)); where `$NOTIFY_SOCKET` is not set, every call does nothing. */
export class SystemdNotifier {
  readonly #environment: NodeJS.ProcessEnv;
  #watchdog: NodeJS.Timeout | undefined;
  #extension: NodeJS.Timeout | undefined;
  #hasWarned = false;
  #reload: Promise<void> = Promise.resolve();
  #status: string | undefined;

  /** @param environment holds `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` as systemd sets them. */
  constructor(
    environment: NodeJS.ProcessEnv = process.env,
    private readonly extensionMs = usualExtensionMs,
  ) {
    this.#environment = environment;
  }

  /**
   * EXTEND_TIMEOUT_USEC from now on until it is ready or stops: for a start that ends by itself but may take minutes, as
   * when TensorRT builds an engine, and that systemd would end at TimeoutStartSec.
   */
  starting(): void {
    if (!this.#environment.NOTIFY_SOCKET) return;
    const state = `EXTEND_TIMEOUT_USEC=${2 * this.extensionMs * 1000}`;
    this.#extension = setInterval(() => void this.#notify(state), this.extensionMs);
    this.#extension.unref();
  }

  /**
   * READY=1, and from now on WATCHDOG=1 at half the interval that systemd asks for, as long as `isHealthy()` says so:
   * a daemon that is not gets restarted. Never rejects.
   */
  async ready(isHealthy: () => boolean): Promise<void> {
    clearInterval(this.#extension);
    clearInterval(this.#watchdog);
    const { WATCHDOG_USEC: interval, WATCHDOG_PID: pid = String(process.pid) } = this.#environment;
    const periodMs = Number(interval) / 2000;
    if (this.#environment.NOTIFY_SOCKET && pid === String(process.pid) && periodMs > 0) {
      let before = performance.eventLoopUtilization();
      this.#watchdog = setInterval(() => {
        // A loop that never came to rest in all that time does nothing else in time either.
        const { utilization } = performance.eventLoopUtilization(before);
        before = performance.eventLoopUtilization();
        if (utilization < busiest && isHealthy()) void this.#notify('WATCHDOG=1');
      }, periodMs);
      this.#watchdog.unref();
    }
    await this.#notify('READY=1');
  }

  /** RELOADING=1, with the time that systemd tells reloads apart by (CLOCK_MONOTONIC, which is Node's own clock). */
  reloading(): void {
    const usec = process.hrtime.bigint() / 1000n;
    this.#reload = this.#notify('RELOADING=1', `MONOTONIC_USEC=${usec}`);
  }

  /** READY=1 again, never before systemd has heard of the reload. */
  reloaded(): void {
    void this.#reload.then(() => this.#notify('READY=1'));
  }

  /** One line that `systemctl status` shows; it goes with the next message, so that it costs no process of its own. */
  status(text: string): void {
    this.#status = `STATUS=${text.replace(/\s+/g, ' ')}`;
  }

  /** STOPPING=1; the watchdog is fed no more, so a stop that hangs is ended by systemd. Never rejects. */
  async stopping(): Promise<void> {
    clearInterval(this.#extension);
    clearInterval(this.#watchdog);
    await this.#notify('STOPPING=1');
  }

  async #notify(state: string, ...more: string[]): Promise<void> {
    if (!this.#environment.NOTIFY_SOCKET) return;
    const states = [state, ...more, ...(this.#status === undefined ? [] : [this.#status])];
    this.#status = undefined;
    try {
      await execute('systemd-notify', states, { env: this.#environment, timeout: answerMs });
    } catch (error) {
      // The service goes on without; systemd itself will say what it misses.
      if (!this.#hasWarned) process.emitWarning(`systemd could not be told ${state}: ${(error as Error).message}`);
      this.#hasWarned = true;
    }
  }
}

import { once } from 'node:events';
import { connect, type MinspnetClient } from '../client/index.js';
import { loadSettings } from '../config/load.js';
import { maskUrl, type Redactor } from '../config/mask.js';
import type { Settings } from '../config/schema.js';
import { BrokerError, exitCodes } from '../contract/errors.js';
import { type BrokerTls, readTls } from '../mqtt/broker-access.js';
import type { Access } from '../session/access.js';
import { BoardView } from './watch/board-view.js';

export interface WatchOptions {
  /** The settings file that names the broker. */
  config?: string;
  /** The broker, in place of the settings'. */
  url?: string;
  node?: string[];
  camera?: string[];
  class?: string[];
}

/** How often the table is drawn at most, ms. */
const drawMs = 200;

/** `minspnet watch`: what the boards say, until a signal; a table in a terminal, a JSON line an event in a pipe. */
export async function watch(options: WatchOptions, redactor: Redactor): Promise<number> {
  const { settings } = loadSettings({ file: options.config, redactor });
  redactor.addSettings(options.url, []);
  const { urls, access, advice } = brokerOf(settings, options.url);
  const leaving = new AbortController();
  const left = once(leaving.signal, 'abort');
  const leave = () => leaving.abort();
  process.on('SIGINT', leave).on('SIGTERM', leave);
  const { node, camera } = options;
  try {
    await using client = await connect(urls, {
      baseTopic: settings.mqtt.baseTopic,
      connectMs: settings.mqtt.connectSeconds * 1000,
      signal: leaving.signal,
      ...access,
      ...(node && { node }),
      ...(camera && { camera }),
    });
    const shown = process.stdout.isTTY
      ? showTable(client, urls.map(maskUrl).join(', '), options)
      : showLines(client, options);
    await Promise.race([left, shown]);
  } catch (error) {
    if (!leaving.signal.aborted) throw withAdvice(error, advice);
  } finally {
    process.off('SIGINT', leave).off('SIGTERM', leave);
  }
  return exitCodes.ok;
}

export function withAdvice(error: unknown, advice: string): unknown {
  if (!(error instanceof BrokerError) || error.code !== 'ERR_BROKER_AWAY') return error;
  return new BrokerError(error.code, error.exit, `${error.message}. ${advice}.`, { cause: error });
}

/** Who is listened to, and what to do where nobody is there. */
interface WatchedBroker {
  urls: string[];
  access: Access;
  advice: string;
}

export function brokerOf({ mqtt }: Settings, url: string | undefined): WatchedBroker {
  if (url !== undefined) return { urls: [url], access: {}, advice: 'Check that it runs, and the address in --url' };
  if (mqtt.url === undefined) {
    const { host, port, username, password, certificate } = mqtt.broker;
    const urls = [`${certificate ? 'mqtts' : 'mqtt'}://${host}:${port}`];
    const advice = '`minspnet run` brings that one along: start it, or name another broker with --url';
    return { urls, access: accessOf(username, password, { ca: certificate }), advice };
  }
  const advice = 'Check that it runs, and `mqtt.url` in the settings; --url names another one';
  return { urls: [mqtt.url, ...mqtt.fallbackUrls], access: accessOf(mqtt.username, mqtt.password, mqtt.tls), advice };
}

function accessOf(username: string | undefined, password: string | undefined, tls: BrokerTls): Access {
  return { ...(username && { username }), ...(password && { password }), tls: readTls(tls) };
}

async function showLines(client: MinspnetClient, options: WatchOptions): Promise<void> {
  client.on('away', ({ message }) => process.stderr.write(`${message}\n`));
  client.on('warning', ({ message }) => process.stderr.write(`${message}\n`));
  for await (const message of client.events({ class: options.class })) {
    // A reader that is slower than the events holds up the iterator, which is bounded and says what it gives up.
    if (!process.stdout.write(`${JSON.stringify(message)}\n`)) await once(process.stdout, 'drain');
  }
}

async function showTable(client: MinspnetClient, source: string, options: WatchOptions): Promise<void> {
  const view = new BoardView(source);
  const { stdout } = process;
  let timer: NodeJS.Timeout | undefined;
  const draw = () => {
    timer = undefined;
    const lines = view.lines(stdout.columns, stdout.rows - 1);
    stdout.write(`\u001b[H${lines.map((line) => `${line}\u001b[K\n`).join('')}\u001b[J`);
  };
  const changed = () => {
    timer ??= setTimeout(draw, drawMs);
  };
  client.on('status', (status) => {
    view.status(status);
    changed();
  });
  client.on('cameraState', (state) => {
    view.cameraState(state);
    changed();
  });
  client.on('cameraStatus', (status) => {
    view.cameraStatus(status);
    changed();
  });
  const notice = (text: string) => {
    view.notice(text);
    changed();
  };
  client.on('connected', () => notice(''));
  client.on('away', ({ message }) => notice(message));
  client.on('warning', ({ message }) => notice(message));
  stdout.on('resize', changed);
  stdout.write('\u001b[?1049h\u001b[?25l'); // the other screen, without a cursor: what was there comes back
  try {
    draw();
    for await (const message of client.events({ class: options.class })) {
      view.message(message, Date.now());
      changed();
    }
  } finally {
    clearTimeout(timer);
    stdout.off('resize', changed);
    stdout.write('\u001b[?25h\u001b[?1049l');
  }
}

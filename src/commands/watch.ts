import { once } from 'node:events';
import { type ConnectOptions, connect, type MinspnetClient } from '../client/index.js';
import { loadSettings } from '../config/load.js';
import { maskUrl } from '../config/mask.js';
import type { Settings } from '../config/schema.js';
import { exitCodes } from '../contract/errors.js';
import { type BrokerTls, read } from '../mqtt/connect-options.js';
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
export async function watch(options: WatchOptions): Promise<number> {
  const { settings } = loadSettings({ file: options.config, overrides: [] });
  const { urls, access } = brokerOf(settings, options.url);
  const signal = new AbortController();
  const stopped = Promise.race(['SIGINT', 'SIGTERM'].map((name) => once(process, name, { signal: signal.signal })));
  stopped.catch(() => {});
  const { node, camera } = options;
  const client = await connect(urls, {
    baseTopic: settings.mqtt.baseTopic,
    connectMs: settings.mqtt.connectSeconds * 1000,
    ...access,
    ...(node && { node }),
    ...(camera && { camera }),
  });
  try {
    const shown = process.stdout.isTTY
      ? showTable(client, urls.map(maskUrl).join(', '), options)
      : showLines(client, options);
    await Promise.race([stopped, shown]);
  } finally {
    signal.abort();
    await client.close();
  }
  return exitCodes.ok;
}

function brokerOf({ mqtt }: Settings, url: string | undefined): { urls: string[]; access: ConnectOptions } {
  if (url !== undefined) return { urls: [url], access: {} };
  if (mqtt.url === undefined) {
    const { host, port, username, password, certificate } = mqtt.broker;
    const urls = [`${certificate ? 'mqtts' : 'mqtt'}://${host}:${port}`];
    return { urls, access: accessOf(username, password, { ca: certificate }) };
  }
  return { urls: [mqtt.url, ...mqtt.fallbackUrls], access: accessOf(mqtt.username, mqtt.password, mqtt.tls) };
}

function accessOf(username: string | undefined, password: string | undefined, tls: BrokerTls): ConnectOptions {
  const pem = (setting: string, path: string | undefined) => path && read(`mqtt.tls.${setting}`, path).toString();
  return {
    ...(username && { username }),
    ...(password && { password }),
    tls: { ...tls, ca: pem('ca', tls.ca), certificate: pem('certificate', tls.certificate), key: pem('key', tls.key) },
  };
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

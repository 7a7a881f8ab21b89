import { loadSettings } from '../config/load.js';
import type { Redactor } from '../config/mask.js';
import { exitCodes, MinspnetError } from '../contract/errors.js';
import { Topics } from '../contract/topics.js';
import { discoveryOf } from '../mqtt/announced.js';
import { settingNames } from '../mqtt/broker-access.js';
import { brokerAt } from '../session/connect-options.js';
import type { Session } from '../session/session.js';
import { openSession } from './open-session.js';
import { brokerOf } from './watch.js';

export interface ForgetOptions {
  /** The settings file that names the broker. */
  config?: string;
  /** The broker, in place of the settings'. */
  url?: string;
}

/** There is no end of what stands at retained topics: when nothing has come for so long, that was it; ms. */
const quietMs = 500;

/**
 * `minspnet forget`: clears what a node that is no more has left at the broker: its own retained topics, and its devices
 * in Home Assistant, those first; Frigate's topics if the settings say that they are ours.
 *
 * @throws MinspnetError `ERR_FORGET_ONLINE` if the node is there: it would say all of it again
 */
export async function forget(name: string | undefined, options: ForgetOptions, redactor: Redactor): Promise<number> {
  const { settings } = loadSettings({ file: options.config, redactor });
  redactor.addSettings(options.url, []);
  const { baseTopic, homeAssistant, frigateCompatible, frigateTopic } = settings.mqtt;
  const node = name ?? settings.node;
  const { urls, access } = brokerOf(settings, options.url);
  const session = await openSession(
    brokerAt(urls[0] ?? '', () => access, settingNames),
    settings,
    'forget',
  );
  try {
    const discovery = discoveryOf(homeAssistant.prefix, baseTopic, node);
    const filters = [...discovery.filters, `${baseTopic}/${node}/#`];
    if (frigateCompatible && node === settings.node) filters.push(`${frigateTopic}/#`);
    const found = await readRetained(session, filters);
    if (String(found.get(new Topics(baseTopic, node).status)) === 'online') {
      const advice = 'stop it first, for it would say all of it again';
      throw new MinspnetError('ERR_FORGET_ONLINE', 'usage', `${node} is online at ${session.url}: ${advice}`);
    }
    const all = [...found.keys()];
    const isDevice = (topic: string) => topic.startsWith(`${homeAssistant.prefix}/device/`);
    // Home Assistant first: its entities would complain of empty states.
    const topics = [...all.filter(discovery.isOurs), ...all.filter((topic) => !isDevice(topic))];
    for (const topic of topics) await session.publishAsync(topic, '', { retain: true });
    console.log(`${node}: ${topics.length} retained topics cleared at ${session.url}`);
  } finally {
    await session.stop();
  }
  return exitCodes.ok;
}

/** What stands at retained topics, by topic. */
async function readRetained(session: Session, filters: readonly string[]): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  await new Promise<void>((resolve, reject) => {
    let timer = setTimeout(resolve, 2 * quietMs);
    session.on('message', ({ topic, payload, retain }) => {
      if (retain && payload.length > 0) found.set(topic, payload);
      clearTimeout(timer);
      timer = setTimeout(resolve, quietMs);
    });
    session.on('away', reject).on('subscriptionRefused', reject);
    for (const filter of filters) session.subscribe(filter);
  });
  return found;
}

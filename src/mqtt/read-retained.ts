import type { IncomingMessage } from './client.js';
import type { Publisher } from './publisher.js';

/** How long a broker may take to say what stands at retained topics, ms. */
const settleMs = 1000;

/**
 * What stands at retained topics now, whoever put it there. There is no end of it in MQTT, so what a broker says later
 * than a second is missed.
 *
 * @returns undefined where the session was lost meanwhile
 */
export async function readRetained(
  publisher: Publisher,
  filters: readonly string[],
  waitMs = settleMs,
): Promise<IncomingMessage[] | undefined> {
  const heard: IncomingMessage[] = [];
  const listener = (message: IncomingMessage) => {
    if (message.retain && message.payload.length > 0) heard.push(message);
  };
  const lost = new AbortController();
  const onLost = () => lost.abort();
  publisher.on('message', listener).once('away', onLost).once('refused', onLost);
  for (const filter of filters) publisher.subscribe(filter);
  await new Promise((resolve) => {
    const timer = setTimeout(resolve, waitMs).unref();
    lost.signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve(undefined);
    });
  });
  for (const filter of filters) publisher.unsubscribe(filter);
  publisher.off('message', listener).off('away', onLost).off('refused', onLost);
  return lost.signal.aborted || !publisher.counters.connected ? undefined : heard;
}

import { type ChannelName, parseTopic, type Topics } from '../contract/topics.js';
import type { IncomingMessage } from '../session/session.js';
import type { Publisher } from './publisher.js';

/**
 * Each camera has something at one of them. Not `picture` and `still`: to listen there is to listen to the requests of the
 * same names, too, and some brokers bring what two filters match twice.
 */
const ofCameras: ChannelName[] = ['cameraState', 'regionState', 'cameraStatus', 'cameraSettings', 'snapshot'];

/** Where else a camera leaves something behind, to be cleared before its own topics: whoever reads those must be told first. */
export interface CameraTerritory {
  filters: readonly string[];
  isOf: (camera: string, topic: string) => boolean;
}

const nowhere: CameraTerritory = { filters: [], isOf: () => false };

/**
 * Takes away what stands at the retained topics of cameras, and of states of cameras, that the settings don't name any
 * more. The broker is asked what stands there, so what an earlier run left is found, too.
 *
 * @param cameras of the settings, with their states; asked when the broker has said what stands there, so one that came meanwhile is none of them
 * @param removing is told of each camera before its topics are cleared
 * @returns the cameras that were found; undefined where the session was lost meanwhile
 */
export async function clearStaleCameras(
  publisher: Publisher,
  topics: Topics,
  base: string,
  cameras: () => Readonly<Record<string, { states: object }>>,
  removing: (camera: string) => void = () => {},
  discovery: CameraTerritory = nowhere,
): Promise<Set<string> | undefined> {
  const filters = [...ofCameras.map((channel) => topics.filter(channel)), ...discovery.filters];
  const found = await readRetained(publisher, filters);
  if (found === undefined) return undefined;
  const levelsOf = (topic: string) => parseTopic(base, topic)?.levels ?? {};
  const cameraOf = (topic: string) => levelsOf(topic).camera;
  const known = cameras();
  const stale = new Set<string>();
  for (const { topic } of found) {
    const { camera, state } = levelsOf(topic);
    if (camera === undefined) continue;
    const settings = known[camera];
    if (settings === undefined) stale.add(camera);
    else if (state !== undefined && !Object.hasOwn(settings.states, state)) publisher.clear(topic);
  }
  for (const camera of stale) {
    removing(camera);
    for (const { topic } of found) if (discovery.isOf(camera, topic)) publisher.clear(topic);
    for (const { topic } of found) if (cameraOf(topic) === camera) publisher.clear(topic);
    publisher.clear(topics.picture(camera));
    publisher.clear(topics.still(camera));
  }
  return stale;
}

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

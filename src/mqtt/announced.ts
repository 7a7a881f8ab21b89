import { Topics } from '../contract/topics.js';
import { cameraId, isOfBoard } from './home-assistant-discovery.js';
import type { Publisher } from './publisher.js';
import { type CameraTerritory, readRetained } from './retained-topics.js';

/** Where a node leaves retained values behind. */
export interface Announced {
  base: string;
  node: string;
  /** Home Assistant's discovery prefix; absent where nothing is announced to it. */
  homeAssistant?: string | undefined;
  /** Frigate's topics; absent where its words are not spoken. */
  frigate?: { topic: string /** Cameras and zones. */; places: string[] } | undefined;
}

/** Where to look for retained topics, and which of what is found there belongs to them. */
export interface Territory {
  filters: string[];
  isOurs: (topic: string) => boolean;
}

/** A node's discovery in Home Assistant, of the board and its cameras. */
export function discoveryOf(prefix: string, base: string, node: string): Territory & CameraTerritory {
  const devices = `${prefix}/device/`;
  const idOf = (topic: string) => (topic.startsWith(devices) ? topic.slice(devices.length).split('/')[0] : undefined);
  return {
    filters: [`${devices}+/config`, `${devices}+/+/config`],
    isOurs: (topic) => isOfBoard(idOf(topic) ?? '', base, node),
    isOf: (camera, topic) => idOf(topic) === cameraId(base, node, camera),
  };
}

/**
 * Takes away what a node has said before and says no more: under another name, to Home Assistant, in Frigate's words.
 *
 * @param former what it said once
 * @param now what it says now
 * @returns how many topics were cleared; undefined where the session was lost meanwhile
 */
export async function clearFormer(
  publisher: Publisher,
  former: Announced,
  now: Announced,
): Promise<number | undefined> {
  const { status } = new Topics(former.base, former.node);
  const isRenamed = former.base !== now.base || former.node !== now.node;
  // Who says `online` there now is somebody else, who has taken the name.
  const words = [...(isRenamed ? [status] : []), ...(former.frigate ? [`${former.frigate.topic}/available`] : [])];
  const said = words.length === 0 ? [] : await readRetained(publisher, words);
  if (said === undefined) return undefined;
  const isTaken = (topic: string) => said.some((one) => one.topic === topic && String(one.payload) === 'online');
  if (isRenamed && isTaken(status)) return 0;
  const territories = [...formerDiscovery(former, now, isRenamed), ...formerFrigate(former, now, isTaken)];
  if (isRenamed) {
    const root = `${former.base}/${former.node}/`;
    territories.push({ filters: [`${root}#`], isOurs: (topic) => topic.startsWith(root) });
  }
  let cleared = 0;
  // Home Assistant's first: its entities would complain of empty states.
  for (const { filters, isOurs } of territories) {
    const found = await readRetained(publisher, filters);
    if (found === undefined) return undefined;
    for (const topic of new Set(found.map(({ topic }) => topic).filter(isOurs))) {
      publisher.clear(topic);
      cleared += 1;
    }
  }
  return cleared;
}

function formerDiscovery({ homeAssistant, base, node }: Announced, now: Announced, isRenamed: boolean): Territory[] {
  if (homeAssistant === undefined || (homeAssistant === now.homeAssistant && !isRenamed)) return [];
  return [discoveryOf(homeAssistant, base, node)];
}

/** Those of cameras and zones that are no more; all, where it is switched off. */
function formerFrigate({ frigate }: Announced, now: Announced, isTaken: (topic: string) => boolean): Territory[] {
  if (frigate === undefined) return [];
  const { topic, places } = frigate;
  const isOurs = topic === now.frigate?.topic;
  if (!isOurs && isTaken(`${topic}/available`)) return [];
  const gone = places.filter((place) => !isOurs || !now.frigate?.places.includes(place));
  const roots = gone.map((place) => `${topic}/${place}/`);
  const ends = isOurs ? [] : [`${topic}/available`, `${topic}/stats`];
  if (roots.length + ends.length === 0) return [];
  const filters = [...roots.map((root) => `${root}#`), ...ends];
  return [{ filters, isOurs: (one) => ends.includes(one) || roots.some((root) => one.startsWith(root)) }];
}

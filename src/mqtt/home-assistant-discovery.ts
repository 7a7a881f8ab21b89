import type { Settings } from '../config/schema.js';
import type { SensorsHealth } from '../contract/health.js';
import type { RequestName } from '../contract/request.js';
import { type Topics, topicLevel } from '../contract/topics.js';

/** What is announced to Home Assistant. */
export interface HomeAssistantFacts {
  base: string;
  node: string;
  version: string;
  /** What the board is called. */
  board: string;
  /** Of the model. */
  classes: readonly string[];
  cameras: Settings['cameras'];
  /** Which of them the board has. */
  sensors: SensorsHealth;
  /** Whether something is limited, so that cameras may be held back. */
  governed?: boolean;
  /** Whether a request is let through; what it would do is announced only then. */
  isOn: (request: RequestName) => boolean;
}

/** One entity: `platform`, `unique_id` and what its platform wants. */
export type Component = { platform: string; unique_id?: string } & Record<string, unknown>;

/** `<prefix>/device/<id>/config`: https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload */
export interface Discovery {
  device: Record<string, unknown>;
  origin: Record<string, unknown>;
  components: Record<string, Component>;
}

const eventTypes = ['new', 'end', 'crossing', 'enter', 'leave', 'dwell'];

/** The board's id, in the topic of its discovery and in the ids of all that belongs to it. */
export function boardId(base: string, node: string): string {
  return `${base}_${node}`;
}

export function cameraId(base: string, node: string, camera: string): string {
  return `${boardId(base, node)}__${camera}`;
}

/** The board, a device of its own: a dead camera must not hide its health. */
export function describeBoard(facts: HomeAssistantFacts, topics: Topics): Discovery {
  const { base, node, version, board, sensors, governed = false, isOn } = facts;
  const id = boardId(base, node);
  const diagnostic = { entity_category: 'diagnostic' };
  const ofHealth = (template: string) => ({
    state_topic: topics.health,
    value_template: ifDefined(template),
    availability: [nodeIsThere(topics)],
  });
  const measured = { platform: 'sensor', state_class: 'measurement' };
  const components: Record<string, Component | false> = {
    // It says itself whether the board is there, so it is always available.
    connectivity: {
      platform: 'binary_sensor',
      name: 'Connectivity',
      device_class: 'connectivity',
      state_topic: topics.status,
      payload_on: 'online',
      payload_off: 'offline',
      ...diagnostic,
    },
    fps: {
      ...measured,
      name: 'Frame rate',
      unit_of_measurement: 'fps',
      icon: 'mdi:speedometer',
      suggested_display_precision: 1,
      ...ofHealth("value_json.cameras.values() | sum(attribute='fps')"),
      ...diagnostic,
    },
    broker_latency: {
      ...measured,
      name: 'Broker latency',
      unit_of_measurement: 'ms',
      device_class: 'duration',
      suggested_display_precision: 1,
      ...ofHealth('value_json.broker.medianMs if value_json.broker else None'),
      json_attributes_topic: topics.health,
      json_attributes_template: '{{ (value_json.broker or {}) | to_json if value_json is defined else "{}" }}',
      ...diagnostic,
    },
    waiting: {
      ...measured,
      name: 'Events waiting',
      icon: 'mdi:tray-full',
      ...ofHealth('value_json.outbox.waiting'),
      ...diagnostic,
    },
    temperature: exists(sensors.temperature) && {
      ...measured,
      name: 'Temperature',
      unit_of_measurement: '°C',
      device_class: 'temperature',
      suggested_display_precision: 1,
      ...ofHealth('value_json.sensors.temperature.value'),
      ...diagnostic,
    },
    power: exists(sensors.power) && {
      ...measured,
      name: 'Power',
      unit_of_measurement: 'W',
      device_class: 'power',
      suggested_display_precision: 2,
      ...ofHealth('value_json.sensors.power.value'),
      ...diagnostic,
    },
    held_back_by: governed && {
      platform: 'sensor',
      name: 'Held back by',
      icon: 'mdi:thermometer-alert',
      ...ofHealth("(value_json.governor.heldBackBy or 'nothing') if value_json.governor is defined else None"),
      ...diagnostic,
    },
    throttled: exists(sensors.throttled) && {
      platform: 'binary_sensor',
      name: 'Throttled',
      device_class: 'problem',
      ...ofHealth(onOff('value_json.sensors.throttled.value')),
      ...diagnostic,
    },
    under_voltage: exists(sensors.underVoltage) && {
      platform: 'binary_sensor',
      name: 'Under-voltage',
      device_class: 'problem',
      ...ofHealth(onOff('value_json.sensors.underVoltage.value')),
      ...diagnostic,
    },
    // Nobody is asked over the internet: whoever looks after the boards publishes the newest version there.
    update: {
      platform: 'update',
      name: 'Update',
      title: 'MINSPNET',
      device_class: 'firmware',
      state_topic: topics.info,
      value_template: ifDefined('value_json.version'),
      latest_version_topic: `${base}/release`,
      availability: [nodeIsThere(topics)],
      ...diagnostic,
    },
    reload: isOn('reload') && {
      platform: 'button',
      name: 'Reload the settings',
      command_topic: topics.request('reload'),
      payload_press: '{}',
      qos: 1,
      availability: [nodeIsThere(topics)],
      entity_category: 'config',
    },
  };
  return {
    device: {
      identifiers: [id],
      name: node === base ? 'MINSPNET' : `MINSPNET ${node}`,
      manufacturer: 'MINSPNET',
      model: board,
      sw_version: version,
    },
    origin: { name: 'MINSPNET', sw_version: version },
    components: withIds(id, components),
  };
}

/** One camera, tied to its board. */
export function describeCamera(name: string, facts: HomeAssistantFacts, topics: Topics): Discovery {
  const { base, node, version, isOn } = facts;
  const id = cameraId(base, node, name);
  const settings = facts.cameras[name];
  const seen = facts.classes.filter((one) => settings?.classes?.includes(one) ?? true);
  const board = { availability: [nodeIsThere(topics)] };
  const live = { availability: [nodeIsThere(topics), cameraGivesPictures(name, topics)], availability_mode: 'all' };
  const components: Record<string, Component | false> = {};
  const count = (key: string, label: string, template: string) => {
    const state = { state_topic: topics.cameraState(name), ...live };
    components[`${key}_occupancy`] = {
      platform: 'binary_sensor',
      name: label,
      device_class: 'occupancy',
      ...state,
      value_template: ifDefined(`'ON' if ${template} > 0 else 'OFF'`),
    };
    components[`${key}_count`] = {
      platform: 'sensor',
      name: `${label} count`,
      state_class: 'measurement',
      icon: 'mdi:counter',
      ...state,
      value_template: ifDefined(template),
    };
  };
  for (const one of seen) {
    count(topicLevel(one), capital(one), `value_json.counts.get(${JSON.stringify(one)}, 0)`);
  }
  for (const [zone, { classes }] of Object.entries(settings?.zones ?? {})) {
    for (const one of seen.filter((candidate) => classes?.includes(candidate) ?? true)) {
      const template = `value_json.zones.get(${JSON.stringify(zone)}, {}).get(${JSON.stringify(one)}, 0)`;
      count(`zone_${zone}_${topicLevel(one)}`, `${words(zone)} ${one}`, template);
    }
  }
  const ask = (request: RequestName) => ({ command_topic: topics.request(request), qos: 1, entity_category: 'config' });
  const adjustable = { state_topic: topics.cameraSettings(name), ...board };
  Object.assign(components, {
    motion: {
      platform: 'binary_sensor',
      name: 'Motion',
      device_class: 'motion',
      state_topic: topics.cameraState(name),
      value_template: ifDefined("'ON' if value_json.moving > 0 else 'OFF'"),
      ...live,
    },
    // What has happened stays true when the camera is away.
    event: {
      platform: 'event',
      name: 'Last event',
      icon: 'mdi:motion-sensor',
      state_topic: topics.events(name),
      event_types: eventTypes,
      // No `update`, which comes again and again, and nothing that happened long ago.
      value_template:
        `{{ dict(value_json, event_type=value_json.type) | to_json if value_json is defined ` +
        `and value_json.type in ${JSON.stringify(eventTypes)} and not value_json.replayed else '' }}`,
      qos: 1,
      ...board,
    },
    image: {
      platform: 'image',
      name: 'Last snapshot',
      image_topic: topics.snapshot(name, '').replace(/[^/]*$/, '+'),
      content_type: 'image/jpeg',
      ...board,
    },
    connectivity: {
      platform: 'binary_sensor',
      name: 'Connectivity',
      device_class: 'connectivity',
      state_topic: topics.cameraStatus(name),
      value_template: ifDefined("'ON' if value_json.state == 'live' else 'OFF'"),
      json_attributes_topic: topics.cameraStatus(name),
      entity_category: 'diagnostic',
      ...board,
    },
    fps: {
      platform: 'sensor',
      name: 'Frame rate',
      unit_of_measurement: 'fps',
      state_class: 'measurement',
      suggested_display_precision: 1,
      icon: 'mdi:speedometer',
      state_topic: topics.health,
      value_template: ifDefined(`value_json.cameras.get(${JSON.stringify(name)}, {}).get('fps')`),
      entity_category: 'diagnostic',
      ...board,
    },
    detect: isOn('detect') && {
      platform: 'switch',
      name: 'Detection',
      icon: 'mdi:eye',
      ...ask('detect'),
      payload_on: JSON.stringify({ camera: name, enabled: true }),
      payload_off: JSON.stringify({ camera: name, enabled: false }),
      state_on: 'ON',
      state_off: 'OFF',
      ...adjustable,
      value_template: ifDefined("'ON' if value_json.detect else 'OFF'"),
    },
    min_score: isOn('minScore') && {
      platform: 'number',
      name: 'Minimum score',
      icon: 'mdi:gauge',
      min: 0,
      max: 1,
      step: 0.01,
      mode: 'box',
      ...ask('minScore'),
      command_template: `{"camera":"${name}","minScore":{{ value }}}`,
      ...adjustable,
      value_template: ifDefined('value_json.minScore'),
    },
    rate: isOn('rate') && {
      platform: 'number',
      name: 'Rate',
      icon: 'mdi:speedometer',
      unit_of_measurement: 'fps',
      min: 0.1,
      max: 120,
      step: 0.1,
      mode: 'box',
      ...ask('rate'),
      command_template: `{"camera":"${name}","fps":{{ value }}}`,
      ...adjustable,
      value_template: ifDefined('value_json.fps'),
    },
    restart: isOn('restart') && {
      platform: 'button',
      name: 'Restart',
      device_class: 'restart',
      ...ask('restart'),
      payload_press: JSON.stringify({ camera: name }),
      ...board,
    },
  });
  return {
    device: {
      identifiers: [id],
      name: words(name),
      manufacturer: 'MINSPNET',
      model: 'Camera',
      sw_version: version,
      via_device: boardId(base, node),
    },
    origin: { name: 'MINSPNET', sw_version: version },
    components: withIds(id, components),
  };
}

function nodeIsThere(topics: Topics) {
  return { topic: topics.status, payload_available: 'online', payload_not_available: 'offline' };
}

function cameraGivesPictures(camera: string, topics: Topics) {
  return {
    topic: topics.cameraStatus(camera),
    // One that stalls for a moment has not left yet.
    value_template:
      "{{ 'online' if value_json is defined and value_json.state in ['live', 'stalled'] else 'offline' }}",
    payload_available: 'online',
    payload_not_available: 'offline',
  };
}

/** A topic that is cleared brings an empty payload, which is no JSON. Home Assistant takes the word None for "unknown". */
function ifDefined(value: string): string {
  return `{{ (${value}) if value_json is defined else None }}`;
}

function onOff(value: string): string {
  return `None if ${value} is none else 'ON' if ${value} else 'OFF'`;
}

function exists({ source }: { source: string }): boolean {
  return source !== 'none';
}

function withIds(id: string, components: Record<string, Component | false>): Record<string, Component> {
  const named: Record<string, Component> = {};
  for (const [key, component] of Object.entries(components)) {
    // Keys become ids of [A-Za-z0-9_-] only; a class may be called anything.
    const safe = key.replace(/[^A-Za-z0-9_-]/gu, (sign) => `u${sign.codePointAt(0)?.toString(16)}`);
    if (component) named[safe] = { ...component, unique_id: `${id}_${safe}` };
  }
  return named;
}

/** `front_door` is "Front door". */
function words(name: string): string {
  return capital(name.replace(/[_-]+/g, ' ').trim() || name);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

import type { ZoneSettings } from '../config/schema.js';
import { direction as directions } from '../contract/event.js';
import { unknownClass } from '../contract/head.js';
import type { RequestName } from '../contract/request.js';
import { type Topics, topicLevel } from '../contract/topics.js';
import {
  boardId,
  type Component,
  cameraId,
  capital,
  type DiscoveryPart,
  type Entries,
  type HomeAssistantFacts,
  ifJson,
  nodeIsThere,
  originOf,
  splitDiscovery,
  words,
} from './home-assistant-discovery.js';

/** Shown whether it is asked for by name or not, for that is what most automations are about. */
const usualClass = 'person';
const eventTypes = ['new', 'end', 'crossing', 'enter', 'leave', 'dwell', 'state'];
/** A person has to enable it. */
const hidden = { enabled_by_default: false };

/** One camera, tied to its board: a part for itself, one for the classes, and one for each zone and line. */
export function describeCamera(name: string, facts: HomeAssistantFacts, topics: Topics): DiscoveryPart[] {
  const { base, node, version, configurationUrl } = facts;
  const settings = facts.cameras[name];
  const { zones = {}, lines = {}, classes: asked } = settings ?? {};
  const id = cameraId(base, node, name);
  const head = {
    device: {
      identifiers: [id],
      name: settings?.friendlyName ?? words(name),
      manufacturer: 'MINSPNET',
      model: 'Camera',
      sw_version: version,
      suggested_area: settings?.area,
      configuration_url: configurationUrl,
      via_device: boardId(base, node),
    },
    origin: originOf(facts),
    availability: [nodeIsThere(topics), givesPictures(name, topics)],
    availability_mode: 'all',
    state_topic: topics.cameraState(name),
  } as const;
  const seen = facts.classes.filter((one) => asked?.includes(one) ?? true);
  const whole: Entries = [
    ...inView(),
    ...pictures(name, topics),
    ...settingsOf(name, facts, topics),
    ...buttons(name, facts, topics),
    ...diagnostics(name, topics),
    ...Object.entries(settings?.states ?? {}).map(([state, { classes }]) => inState(state, classes, name, topics)),
  ];
  return splitDiscovery(id, node === base ? `${base}_${name}` : `${base}_${node}_${name}`, head, [
    ['', whole],
    ['classes', seen.flatMap((one) => inClass(one, asked, name, topics))],
    ...Object.entries(zones).map(
      ([zone, area]) => [`zone_${zone}`, inZone(zone, area, seen, asked, name, topics)] as const,
    ),
    ...Object.keys(lines).map((line) => [`line_${line}`, overLine(line, name, topics)] as const),
  ]);
}

/** Whether anybody is there, and how many: of the camera's state, and so unavailable while it gives no pictures. */
function count(key: string, label: string, number: string, visibility: object = {}): Entries {
  const occupancy = { platform: 'binary_sensor', name: label, device_class: 'occupancy', ...visibility };
  const measured = { platform: 'sensor', name: `${label} count`, state_class: 'measurement', ...hidden };
  return [
    [`${key}_occupancy`, { ...occupancy, value_template: ifJson(`'ON' if ${number} > 0 else 'OFF'`) }],
    [`${key}_count`, { ...measured, value_template: ifJson(number) }],
  ];
}

function inView(): Entries {
  const motion = {
    platform: 'binary_sensor',
    name: 'Motion',
    device_class: 'motion',
    value_template: ifJson("'ON' if value_json.moving > 0 else 'OFF'"),
  };
  return [['motion', motion], ...count('all', 'All objects', 'value_json.counts.values() | sum')];
}

/** Of a camera or zone without classes of its own only the usual one is asked for. */
function isAsked(className: string, asked: readonly string[] | undefined): boolean {
  return asked?.includes(className) ?? className === usualClass;
}

function inClass(one: string, asked: readonly string[] | undefined, name: string, topics: Topics): Entries {
  const shown = isAsked(one, asked) ? {} : hidden;
  const number = `value_json.counts.get(${JSON.stringify(one)}, 0)`;
  return [
    ...count(topicLevel(one), capital(one), number, shown),
    [`${topicLevel(one)}_image`, { ...image(`Last ${one}`, topics.snapshot(name, one), topics), ...shown }],
  ];
}

function inZone(
  zone: string,
  area: ZoneSettings,
  seen: readonly string[],
  asked: readonly string[] | undefined,
  name: string,
  topics: Topics,
): Entries {
  const counts = `value_json.zones.get(${JSON.stringify(zone)}, {})`;
  const classes = seen.filter((one) => isAsked(one, area.classes ?? asked));
  const types = area.dwellSeconds === undefined ? ['enter'] : ['enter', 'dwell'];
  return [
    ...count(`zone_${zone}`, `${words(zone)} all objects`, `${counts}.values() | sum`),
    ...classes.flatMap((one) => {
      const number = `${counts}.get(${JSON.stringify(one)}, 0)`;
      return count(`zone_${zone}_${topicLevel(one)}`, `${words(zone)} ${one}`, number);
    }),
    ...types.map((type) => [`trigger_${type}_${zone}`, trigger(type, zone, ['zone'], name, topics)] as const),
  ];
}

/** How many have crossed it, by direction, and a trigger for each. */
function overLine(line: string, name: string, topics: Topics): Entries {
  return directions.options.flatMap((direction): Entries => {
    const key = `${line}_${direction.replaceAll('-', '_')}`;
    const counts = `value_json.get('lines', {}).get(${JSON.stringify(line)}, {})`;
    const counter = {
      platform: 'sensor',
      name: `${words(line)} ${direction.replaceAll('-', ' ')}`,
      state_class: 'total_increasing',
      icon: 'mdi:counter',
      value_template: ifJson(`${counts}.get(${JSON.stringify(direction)}, 0)`),
    };
    const crossing = trigger('crossing', `${line} ${direction}`, ['line', 'direction'], name, topics);
    return [
      [`line_${key}`, counter],
      [`trigger_crossing_${key}`, crossing],
    ];
  });
}

/** Fires at an event of that type whose fields, in a row, are `subtype`; not at one that waited for the broker. */
function trigger(type: string, subtype: string, fields: readonly string[], name: string, topics: Topics): Component {
  const told = ['type', ...fields].map((field) => `value_json.get('${field}')`).join(" ~ ' ' ~ ");
  return {
    platform: 'device_automation',
    automation_type: 'trigger',
    type,
    subtype,
    topic: topics.events(name),
    payload: `${type} ${subtype}`,
    value_template: `{{ ${told} if value_json is defined and not value_json.get('replayed') else '' }}`,
    qos: 1,
  };
}

function image(name: string, topic: string, topics: Topics): Component {
  const picture = { platform: 'image', name, image_topic: topic, content_type: 'image/jpeg' };
  return { ...picture, availability: [nodeIsThere(topics)] };
}

/** What has happened stays true when the camera is away. */
function pictures(name: string, topics: Topics): Entries {
  const event = {
    platform: 'event',
    name: 'Last event',
    icon: 'mdi:motion-sensor',
    state_topic: topics.events(name),
    event_types: eventTypes,
    // No `update`, which comes again and again, and nothing that happened long ago.
    value_template:
      `{{ dict(value_json, event_type=value_json.type) | to_json if value_json is defined ` +
      `and value_json.get('type') in ${JSON.stringify(eventTypes)} and not value_json.get('replayed') else '' }}`,
    qos: 1,
    availability: [nodeIsThere(topics)],
  };
  return [
    ['image', image('Last object', topics.snapshot(name, '').replace(/[^/]*$/, '+'), topics)],
    ['picture', image('Picture', topics.picture(name), topics)],
    ['still', image('Photograph', topics.still(name), topics)],
    ['event', event],
  ];
}

/** What requests can change of it, as it is now: also while the camera is away. */
function settingsOf(name: string, { isOn, requestTopic }: HomeAssistantFacts, topics: Topics): Entries {
  const set = (request: RequestName) => ({
    command_topic: requestTopic(request),
    qos: 1,
    state_topic: topics.cameraSettings(name),
    availability: [nodeIsThere(topics)],
    entity_category: 'config',
  });
  const enabled = (isEnabled: boolean) => JSON.stringify({ camera: name, enabled: isEnabled });
  const detect = {
    platform: 'switch',
    name: 'Detection',
    icon: 'mdi:eye',
    payload_on: enabled(true),
    payload_off: enabled(false),
    state_on: 'ON',
    state_off: 'OFF',
    value_template: ifJson("'ON' if value_json.detect else 'OFF'"),
  };
  const minScore = {
    platform: 'number',
    name: 'Minimum score',
    icon: 'mdi:gauge',
    mode: 'box',
    min: 0,
    max: 1,
    step: 0.01,
    command_template: `{"camera":"${name}","minScore":{{ value }}}`,
    value_template: ifJson('value_json.minScore'),
  };
  const rate = {
    platform: 'number',
    name: 'Rate',
    icon: 'mdi:speedometer',
    mode: 'box',
    unit_of_measurement: 'fps',
    min: 0.1,
    max: 120,
    step: 0.1,
    command_template: `{"camera":"${name}","fps":{{ value }}}`,
    value_template: ifJson('value_json.fps'),
  };
  return [
    ['detect', isOn('detect') && { ...detect, ...set('detect') }],
    ['min_score', isOn('minScore') && { ...minScore, ...set('minScore') }],
    ['rate', isOn('rate') && { ...rate, ...set('rate') }],
  ];
}

function buttons(name: string, { isOn, requestTopic }: HomeAssistantFacts, topics: Topics): Entries {
  const press = (request: RequestName) => ({
    platform: 'button',
    command_topic: requestTopic(request),
    payload_press: JSON.stringify({ camera: name }),
    qos: 1,
    availability: [nodeIsThere(topics)],
  });
  const restart = { name: 'Restart', device_class: 'restart', entity_category: 'config' };
  return [
    ['take_picture', isOn('snapshot') && { ...press('snapshot'), name: 'Take a picture', icon: 'mdi:camera' }],
    ['take_still', isOn('still') && { ...press('still'), name: 'Take a photograph', icon: 'mdi:camera-iris' }],
    ['restart', isOn('restart') && { ...press('restart'), ...restart }],
  ];
}

/** What a region of the picture shows, as it was taught. */
function inState(state: string, classes: readonly string[], name: string, topics: Topics): Entries[number] {
  const sensor = {
    platform: 'sensor',
    name: words(state),
    device_class: 'enum',
    options: [...classes, unknownClass],
    state_topic: topics.regionState(name, state),
    value_template: ifJson('value_json.state'),
  };
  return [`state_${state}`, sensor];
}

function diagnostics(name: string, topics: Topics): Entries {
  const diagnostic = { availability: [nodeIsThere(topics)], entity_category: 'diagnostic' };
  const connectivity = {
    platform: 'binary_sensor',
    name: 'Connectivity',
    device_class: 'connectivity',
    state_topic: topics.cameraStatus(name),
    value_template: ifJson("'ON' if value_json.state == 'live' else 'OFF'"),
    json_attributes_topic: topics.cameraStatus(name),
    json_attributes_template: "{{ value_json | to_json if value_json is defined else '{}' }}",
    ...diagnostic,
  };
  const fps = {
    platform: 'sensor',
    name: 'Frame rate',
    unit_of_measurement: 'fps',
    state_class: 'measurement',
    suggested_display_precision: 1,
    icon: 'mdi:speedometer',
    state_topic: topics.health,
    value_template: ifJson(`value_json.cameras.get(${JSON.stringify(name)}, {}).get('fps')`),
    ...diagnostic,
  };
  return [
    ['connectivity', connectivity],
    ['fps', fps],
  ];
}

function givesPictures(camera: string, topics: Topics) {
  return {
    topic: topics.cameraStatus(camera),
    // One that stalls for a moment has not left yet.
    value_template:
      "{{ 'online' if value_json is defined and value_json.state in ['live', 'stalled'] else 'offline' }}",
  };
}

import type { Topics } from '../contract/topics.js';
import {
  boardId,
  type DiscoveryPart,
  type Entries,
  type HomeAssistantFacts,
  ifJson,
  nodeIsThere,
  originOf,
  splitDiscovery,
} from './home-assistant-discovery.js';

/** The board, a device of its own: a dead camera must not hide its health. */
export function describeBoard(facts: HomeAssistantFacts, topics: Topics): DiscoveryPart[] {
  const { base, node, version, board } = facts;
  const id = boardId(base, node);
  const head = {
    device: {
      identifiers: [id],
      name: node === base ? 'MINSPNET' : `MINSPNET ${node}`,
      manufacturer: 'MINSPNET',
      model: board.model,
      model_id: board.modelId,
      hw_version: board.hardwareVersion,
      serial_number: board.serialNumber,
      sw_version: version,
      configuration_url: facts.configurationUrl,
    },
    origin: originOf(facts),
    availability: [nodeIsThere(topics)],
    availability_mode: 'all',
    state_topic: topics.health,
  } as const;
  const entries: Entries = [...connectivity(topics), ...measurements(facts, topics), ...controls(facts, topics)];
  return splitDiscovery(id, node === base ? base : `${base}_${node}`, head, [['', entries]]);
}

/** It says itself whether the board is there, so it is always available. */
function connectivity(topics: Topics): Entries {
  const component = {
    platform: 'binary_sensor',
    name: 'Connectivity',
    device_class: 'connectivity',
    state_topic: topics.status,
    payload_on: 'online',
    payload_off: 'offline',
    availability: [],
    entity_category: 'diagnostic',
  };
  return [['connectivity', component]];
}

function controls(
  { base, models, offersRelease = false, offersUpdates = false, isOn, requestTopic }: HomeAssistantFacts,
  topics: Topics,
): Entries {
  return [
    // Nobody is asked over the internet: whoever looks after the boards publishes the newest version there.
    [
      'update',
      offersRelease && {
        platform: 'update',
        name: 'Update',
        title: 'MINSPNET',
        device_class: 'firmware',
        state_topic: topics.info,
        value_template: ifJson('value_json.version'),
        latest_version_topic: `${base}/release`,
        entity_category: 'diagnostic',
      },
    ],
    [
      'model_update',
      offersUpdates && {
        platform: 'update',
        name: 'Model update',
        title: 'Model',
        state_topic: topics.health,
        value_template: ifJson('(value_json.modelUpdate or {}).get("installed")'),
        latest_version_topic: topics.health,
        latest_version_template: ifJson('(value_json.modelUpdate or {}).get("latest")'),
        ...(isOn('updateModel') && { command_topic: requestTopic('updateModel'), payload_install: '{}', qos: 1 }),
        entity_category: 'config',
      },
    ],
    [
      'model',
      isOn('swapModel') && {
        platform: 'select',
        name: 'Model',
        icon: 'mdi:brain',
        options: models,
        state_topic: topics.info,
        value_template: ifJson('value_json.model.name'),
        command_topic: requestTopic('swapModel'),
        command_template: '{"model":{{ value | to_json }}}',
        qos: 1,
        entity_category: 'config',
      },
    ],
    [
      'reload',
      isOn('reload') && {
        platform: 'button',
        name: 'Reload the settings',
        icon: 'mdi:reload',
        command_topic: requestTopic('reload'),
        payload_press: '{}',
        qos: 1,
        entity_category: 'config',
      },
    ],
  ];
}

/** What the board's health says, at the device's own state topic. */
function measurements(facts: HomeAssistantFacts, topics: Topics): Entries {
  const { sensors, governed = false } = facts;
  const sensor = { platform: 'sensor', state_class: 'measurement' };
  const counter = { platform: 'sensor', state_class: 'total_increasing' };
  const megabytes = { ...sensor, device_class: 'data_size', unit_of_measurement: 'MB', suggested_display_precision: 0 };
  const problem = { platform: 'binary_sensor', device_class: 'problem' };
  const entries = {
    fps: {
      ...sensor,
      name: 'Frame rate',
      unit_of_measurement: 'fps',
      icon: 'mdi:speedometer',
      suggested_display_precision: 1,
      value_template: ifJson("value_json.cameras.values() | sum(attribute='fps')"),
    },
    tracks: {
      ...sensor,
      name: 'Tracks',
      icon: 'mdi:vector-polyline',
      value_template: ifJson("value_json.cameras.values() | sum(attribute='tracks')"),
    },
    broker_latency: {
      ...sensor,
      name: 'Broker latency',
      unit_of_measurement: 'ms',
      device_class: 'duration',
      suggested_display_precision: 1,
      value_template: ifJson('(value_json.broker or {}).get("medianMs")'),
      json_attributes_topic: topics.health,
      json_attributes_template: '{{ (value_json.broker or {}) | to_json if value_json is defined else "{}" }}',
    },
    waiting: {
      ...sensor,
      name: 'Events waiting',
      icon: 'mdi:tray-full',
      value_template: ifJson('value_json.outbox.waiting'),
    },
    dropped: {
      ...counter,
      name: 'Events given up',
      icon: 'mdi:tray-remove',
      value_template: ifJson('value_json.outbox.dropped'),
    },
    refused: {
      ...counter,
      name: 'Refused requests',
      icon: 'mdi:cancel',
      value_template: ifJson('value_json.requests.refused'),
    },
    restarts: {
      ...counter,
      name: 'Engine restarts',
      icon: 'mdi:restart-alert',
      value_template: ifJson('value_json.engine.restarts'),
    },
    uptime: {
      ...counter,
      name: 'Uptime',
      device_class: 'duration',
      unit_of_measurement: 's',
      suggested_display_precision: 0,
      value_template: ifJson('value_json.uptimeSeconds'),
    },
    memory: {
      ...megabytes,
      name: 'Memory',
      value_template: ifJson('(value_json.engine.rssBytes + value_json.daemon.rssBytes) / 1e6'),
    },
    temperature: exists(sensors.temperature) && {
      ...sensor,
      name: 'Temperature',
      unit_of_measurement: '°C',
      device_class: 'temperature',
      suggested_display_precision: 1,
      value_template: ifJson('value_json.sensors.temperature.value'),
    },
    power: exists(sensors.power) && {
      ...sensor,
      name: 'Power',
      unit_of_measurement: 'W',
      device_class: 'power',
      suggested_display_precision: 2,
      value_template: ifJson('value_json.sensors.power.value'),
    },
    held_back_by: governed && {
      platform: 'sensor',
      name: 'Held back by',
      icon: 'mdi:thermometer-alert',
      value_template: ifJson("value_json.governor.heldBackBy or 'nothing' if value_json.governor is defined else None"),
    },
    throttled: exists(sensors.throttled) && {
      ...problem,
      name: 'Throttled',
      value_template: ifJson(onOff('value_json.sensors.throttled.value')),
    },
    under_voltage: exists(sensors.underVoltage) && {
      ...problem,
      name: 'Under-voltage',
      value_template: ifJson(onOff('value_json.sensors.underVoltage.value')),
    },
  };
  return Object.entries(entries).map(([key, entity]) => [key, entity && { ...entity, entity_category: 'diagnostic' }]);
}

function onOff(value: string): string {
  return `None if ${value} is none else 'ON' if ${value} else 'OFF'`;
}

function exists({ source }: { source: string }): boolean {
  return source !== 'none';
}

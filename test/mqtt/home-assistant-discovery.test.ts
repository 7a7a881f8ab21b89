import t from 'tap';
import { settingsSchema } from '../../src/config/schema.js';
import type { SensorsHealth } from '../../src/contract/health.js';
import { isRequestOn, requestGroup } from '../../src/contract/request.js';
import { Topics } from '../../src/contract/topics.js';
import { describeBoard } from '../../src/mqtt/home-assistant-board.js';
import { describeCamera } from '../../src/mqtt/home-assistant-camera.js';
import type { Component, DiscoveryPart, HomeAssistantFacts } from '../../src/mqtt/home-assistant-discovery.js';

const classes = ['person', 'bicycle', 'car', 'motorcycle', 'bus', 'truck', 'cat', 'dog'];
const polygon = [
  [0, 0],
  [1, 0],
  [1, 1],
];
const line = { from: [0, 0], to: [1, 1] };
const reading = { value: null, unit: '', source: 'a sensor', scope: '' };

interface Options {
  camera?: object;
  name?: string;
  node?: string;
  requests?: object;
  facts?: Partial<HomeAssistantFacts>;
}

function factsOf({ camera, name = 'door', node = 'porch', requests = {}, facts }: Options) {
  const settings = settingsSchema.parse({ node, requests, cameras: { [name]: { source: 'demo', ...camera } } });
  const topics = new Topics('minspnet', node);
  const all: HomeAssistantFacts = {
    base: 'minspnet',
    node,
    version: '1.2.3',
    board: { model: 'Raspberry Pi 5 Model B Rev 1.0' },
    classes,
    models: ['minspnet-n', 'minspnet-s'],
    cameras: settings.cameras,
    sensors: { temperature: reading, power: reading, throttled: reading, underVoltage: reading } as SensorsHealth,
    isOn: (request) => isRequestOn(settings.requests, request),
    requestTopic: (request) => topics.request(request, requestGroup(settings.requests, request)),
    ...facts,
  };
  return { facts: all, topics };
}

function camera(options: Options = {}): DiscoveryPart[] {
  const { facts, topics } = factsOf(options);
  return describeCamera(options.name ?? 'door', facts, topics);
}

function board(options: Options = {}): DiscoveryPart[] {
  const { facts, topics } = factsOf(options);
  return describeBoard(facts, topics);
}

function componentsOf(parts: readonly DiscoveryPart[]): Record<string, Component> {
  return Object.assign({}, ...parts.map(({ discovery }) => discovery.components));
}

const isHidden = ({ enabled_by_default }: Component) => enabled_by_default === false;

t.test('a camera as people want it', async (t) => {
  const all = componentsOf(
    camera({ camera: { zones: { yard: { polygon, classes: ['dog'], dwellSeconds: 5 } }, lines: { gate: line } } }),
  );
  t.match(all, {
    motion: { platform: 'binary_sensor', device_class: 'motion' },
    all_occupancy: { platform: 'binary_sensor', device_class: 'occupancy', name: 'All objects' },
    all_count: { platform: 'sensor', enabled_by_default: false },
    zone_yard_occupancy: { platform: 'binary_sensor', device_class: 'occupancy' },
    zone_yard_count: { enabled_by_default: false },
    zone_yard_dog_occupancy: { platform: 'binary_sensor' },
    line_gate_a_to_b: { platform: 'sensor', state_class: 'total_increasing' },
    line_gate_b_to_a: { platform: 'sensor', state_class: 'total_increasing' },
    image: { platform: 'image', image_topic: 'minspnet/porch/door/snapshot/+' },
    picture: { platform: 'image', image_topic: 'minspnet/porch/door/snapshot' },
    car_image: { platform: 'image', image_topic: 'minspnet/porch/door/snapshot/car' },
    event: { platform: 'event', state_topic: 'minspnet/porch/door/events' },
    take_picture: { platform: 'button', command_topic: 'minspnet/porch/request/snapshot' },
    take_still: { platform: 'button', command_topic: 'minspnet/porch/request/still' },
    restart: { platform: 'button', command_topic: 'minspnet/porch/request/restart' },
    trigger_enter_yard: { automation_type: 'trigger', type: 'enter', subtype: 'yard', payload: 'enter yard' },
    trigger_dwell_yard: { automation_type: 'trigger', type: 'dwell', subtype: 'yard' },
    trigger_crossing_gate_a_to_b: { type: 'crossing', subtype: 'gate a-to-b', payload: 'crossing gate a-to-b' },
  });
  t.notOk('zone_yard_person_occupancy' in all, 'of a zone, only the classes that were asked for');
  t.notOk('trigger_dwell_yard' in componentsOf(camera({ camera: { zones: { yard: { polygon } } } })));
});

t.test('counts, and classes that were not asked for, have to be enabled', async (t) => {
  const none = componentsOf(camera());
  for (const [key, component] of Object.entries(none)) if (key.endsWith('_count')) t.ok(isHidden(component), key);
  const shown = (all: Record<string, Component>) =>
    classes.filter((one) => all[`${one}_occupancy`] && !isHidden(all[`${one}_occupancy`] as Component));
  t.strictSame(shown(none), ['person'], 'nothing was asked for by name');
  t.ok(isHidden(none.car_image as Component));
  const two = componentsOf(camera({ camera: { classes: ['car', 'dog'] } }));
  t.strictSame(shown(two), ['car', 'dog']);
  t.notOk('person_occupancy' in two, 'what is never told has no entity');
});

t.test('no message is larger than 12 KB, whatever things are called and however many there are', async (t) => {
  const long = (i: number) => `${i}`.padEnd(64, 'x');
  const many = (value: object) => Object.fromEntries(Array.from({ length: 20 }, (_, i) => [long(i), value]));
  const cameras: Options[] = [
    {},
    { camera: { classes } },
    { camera: { zones: many({ polygon, classes, dwellSeconds: 5 }), lines: many(line) } },
    { camera: { zones: many({ polygon, classes }) }, name: long(0), node: long(1) },
    { facts: { classes: Array.from({ length: 365 }, (_, i) => `class ${i}`) } },
  ];
  for (const options of cameras) {
    const parts = [...camera(options), ...board(options)];
    for (const { name, discovery } of parts) {
      const bytes = Buffer.byteLength(JSON.stringify(discovery));
      t.ok(bytes <= 12_000, `${name}: ${bytes} bytes`);
      t.match(discovery.device.identifiers, [/^minspnet_/]);
    }
    const topics = camera(options).map(({ name }) => name);
    t.equal(new Set(topics).size, topics.length, 'each has a topic of its own');
  }
});

t.test('a zone that comes moves nothing from one message to another', async (t) => {
  const before = camera({ camera: { zones: { yard: { polygon } } } });
  const after = camera({ camera: { zones: { drive: { polygon }, yard: { polygon } }, lines: { gate: line } } });
  for (const { name, discovery } of before) {
    const now = after.find((part) => part.name === name)?.discovery.components;
    t.strictSame(now, discovery.components, name);
  }
});

t.test('ids name the node and are unique, also where names say the same', async (t) => {
  const zones = { a: { polygon, classes: ['b_car', 'car'] }, a_b: { polygon, classes: ['car'] } };
  const parts = camera({ camera: { zones }, node: 'Porch-1', facts: { classes: ['b_car', 'car', 'b car', 'ü', 'ä'] } });
  const named = parts.flatMap(({ discovery }) => Object.values(discovery.components));
  const entities = named.filter(({ platform }) => platform !== 'device_automation');
  for (const field of ['unique_id', 'default_entity_id']) {
    const ids = entities.map((entity) => entity[field]);
    if (field === 'unique_id') t.equal(new Set(ids).size, ids.length);
    for (const id of ids)
      t.match(id, field === 'unique_id' ? /^minspnet_Porch-1__door_/ : /^\w+\.minspnet_porch_1_door_/);
  }
  for (const { discovery } of parts) {
    for (const key of Object.keys(discovery.components)) t.match(key, /^[A-Za-z0-9_-]+$/);
  }
  const own = componentsOf(board({ node: 'minspnet' }));
  t.equal(own.fps?.default_entity_id, 'sensor.minspnet_fps');
});

t.test('who it is', async (t) => {
  const hall = camera({ camera: { friendlyName: 'Front door', area: 'Hall' } })[0]?.discovery;
  t.match(hall?.device, { name: 'Front door', suggested_area: 'Hall', via_device: 'minspnet_porch' });
  t.match(camera({ name: 'front_door' })[0]?.discovery.device, { name: 'Front door' });
  const facts = {
    board: { model: 'Pi', modelId: 'raspberrypi,5', hardwareVersion: '1.0', serialNumber: 'abc' },
    configurationUrl: 'http://porch/',
    supportUrl: 'https://help/',
  };
  const [{ discovery } = { discovery: undefined }] = board({ facts });
  t.match(discovery?.device, {
    model_id: 'raspberrypi,5',
    hw_version: '1.0',
    serial_number: 'abc',
    configuration_url: 'http://porch/',
  });
  t.match(discovery?.origin, { name: 'MINSPNET', sw_version: '1.2.3', support_url: 'https://help/' });
});

t.test('the board: diagnostics, and the choice of the model', async (t) => {
  const all = componentsOf(board());
  for (const key of ['restarts', 'memory', 'uptime', 'dropped', 'refused', 'tracks']) {
    t.match(all[key], { platform: 'sensor', entity_category: 'diagnostic' }, key);
  }
  t.match(all.model, { platform: 'select', options: ['minspnet-n', 'minspnet-s'] });
  t.equal(all.model_update, undefined, 'nothing is offered');
  const offered = componentsOf(board({ facts: { offersUpdates: true } })).model_update;
  t.match(offered, { platform: 'update', command_topic: 'minspnet/porch/request/updateModel', payload_install: '{}' });
  const shown = componentsOf(board({ facts: { offersUpdates: true }, requests: { changes: false } })).model_update;
  t.match(shown, { platform: 'update', command_topic: undefined }, 'shown, but not to be installed by request');
  t.strictSame(all.connectivity?.availability, [], 'it says itself whether the board is there');
});

t.test('whether it is there is said once, at the root', async (t) => {
  const parts = [...board(), ...camera({ camera: { zones: { yard: { polygon } } } })];
  for (const { discovery } of parts) {
    t.strictSame(discovery.availability[0], { topic: 'minspnet/porch/status' });
    for (const [key, component] of Object.entries(discovery.components)) {
      const own = component.availability as unknown[] | undefined;
      t.ok(own === undefined || own.length < 2, `${key}: none of its own, or it does not need the camera`);
    }
  }
});

t.test(
  'what the settings don’t let through is not there; what they take below a level is asked for there',
  async (t) => {
    const off = {
      ...componentsOf(camera({ requests: { changes: false } })),
      ...componentsOf(board({ requests: { changes: false } })),
    };
    for (const key of ['detect', 'min_score', 'rate', 'restart', 'reload', 'model']) t.notOk(key in off, key);
    t.ok('take_picture' in off);
    const group = componentsOf(camera({ requests: { changes: 'admin' } }));
    t.equal(group.detect?.command_topic, 'minspnet/porch/request/admin/detect');
    t.equal(group.take_picture?.command_topic, 'minspnet/porch/request/snapshot');
  },
);

import { readFileSync } from 'node:fs';
import t from 'tap';
import { parse } from 'yaml';
import { type RequestName, requests } from '../../src/contract/request.js';
import { channels, parseTopic } from '../../src/contract/topics.js';
import { observation } from '../support/events.js';
import { schemaMistake } from '../support/schemas.js';

const delivery = {
  stream: 'a',
  publishedAt: '2026-11-25T00:00:00.000Z',
  publishedMonotonicMs: 5,
  replayed: false,
};

/** A message of camera `door`, as the contract has it. */
function message(values: Record<string, unknown>): Record<string, unknown> {
  const made =
    values.type === 'gap'
      ? { camera: 'door', at: '2026-11-25T00:00:00.000Z', ...values }
      : { ...observation({ camera: 'door' }), ...delivery, ...values };
  const mistake = schemaMistake('events', made);
  if (mistake !== undefined) throw new Error(mistake);
  return made;
}

/** Which channel of the contract a topic or filter stands for. */
function channelOf(topic = ''): string | undefined {
  return parseTopic('minspnet', topic.replaceAll('+', 'x'))?.channel;
}

/** What is wrong with a request that is said to a topic; undefined where nothing is. */
function requestMistake(topic: string, payload: string): string | undefined {
  const parsed = parseTopic('minspnet', topic);
  const name = parsed?.levels.name ?? '';
  if (parsed?.channel !== 'request' || !(name in requests)) return `${topic} is no request`;
  const { transaction: _, ...needs } = JSON.parse(payload);
  const result = requests[name as RequestName].needs.safeParse(needs);
  return result.success ? undefined : result.error.message;
}

t.test('Node-RED', async (t) => {
  interface NodeRedNode {
    id: string;
    type: string;
    topic?: string;
    broker?: string;
    retain?: string;
    payload?: string;
    func?: string;
    outputs?: number;
    wires?: string[][];
  }
  const flow: NodeRedNode[] = JSON.parse(readFileSync('examples/node-red.json', 'utf8'));
  const byId = new Map(flow.map((node) => [node.id, node]));
  const all = (type: string) => flow.filter((node) => node.type === type);

  t.test('its nodes are tied to nodes that are there', async (t) => {
    t.equal(byId.size, flow.length, 'ids are unique');
    for (const { id, wires = [] } of flow) for (const to of wires.flat()) t.ok(byId.has(to), `${id} -> ${to}`);
    for (const { id, broker } of [...all('mqtt in'), ...all('mqtt out')]) {
      t.equal(byId.get(broker ?? '')?.type, 'mqtt-broker', id);
    }
  });

  t.test('its topics and its request are of the contract', async (t) => {
    t.strictSame(
      all('mqtt in').map(({ topic }) => channelOf(topic)),
      ['events', 'response'],
    );
    for (const out of all('mqtt out')) {
      t.equal(out.retain, 'false');
      for (const { payload = '' } of flow.filter(({ wires }) => wires?.flat().includes(out.id))) {
        t.equal(requestMistake(out.topic ?? '', payload), undefined);
      }
    }
  });

  t.test('its function lets each event through once, and tells of gaps', async (t) => {
    const [node] = all('function');
    const kept = new Map<string, unknown>();
    const context = { get: (key: string) => kept.get(key), set: (key: string, value: unknown) => kept.set(key, value) };
    // Node-RED makes a function of the text in the same way.
    const take = new Function('msg', 'context', node?.func ?? '');
    const out: unknown[] = [];
    const told = (payload: Record<string, unknown>) => {
      const result = take({ topic: 'minspnet/porch/door/events', payload }, context) as
        | ({ payload: Record<string, unknown> } | null)[]
        | null;
      const [event, missing] = result ?? [];
      if (missing) out.push([missing.payload.from, missing.payload.to]);
      if (event) out.push(event.payload.seq);
    };
    for (const seq of [4, 5, 6, 5]) told(message({ seq }));
    told(message({ type: 'gap', from: 6, to: 8 }));
    told(message({ type: 'gap', from: 6, to: 8 }));
    for (const seq of [9, 11]) told(message({ seq }));
    for (const seq of [1, 2]) told(message({ stream: 'anew', seq }));
    t.strictSame(out, [4, 5, 6, [7, 8], 9, [10, 10], 11, 1, 2]);
  });
});

t.test('Home Assistant', async (t) => {
  interface Step {
    trigger?: string;
    topic?: string;
    payload?: string;
    value_template?: string;
    action?: string;
    data?: { topic?: string; payload?: string; message?: string; retain?: boolean };
  }
  interface Automation {
    alias: string;
    triggers: Step[];
    conditions?: Step[];
    actions: Step[];
  }
  const automations: Automation[] = parse(readFileSync('examples/home-assistant.yaml', 'utf8'));
  const event = message({ type: 'enter', zone: 'yard', seq: 1 });

  /** The part of Jinja that the example uses: fields by name, and `default` for those that an event may lack. */
  const render = (template: string) =>
    template
      .replace(/^\{% if value_json is defined %\}(.*)\{% endif %\}$/, '$1')
      .replace(
        /\{\{ (not )?(?:value_json|trigger\.payload_json)\.(\w+)( \| default(?:\(\w+\))?)? \}\}/g,
        (whole, not, field: string) => {
          if (!(field in event)) throw new Error(`${whole}: an event has no ${field}`);
          return String(not ? !event[field] : event[field]);
        },
      );

  t.test('what it waits for is what a board says', async (t) => {
    const triggers = automations.flatMap((automation) =>
      automation.triggers.filter(({ trigger }) => trigger === 'mqtt'),
    );
    t.strictSame(
      triggers.map(({ topic }) => channelOf(topic)),
      ['events', 'status'],
    );
    for (const { topic, payload = '', value_template: template } of triggers) {
      if (template === undefined) t.ok(channels.status.payload.safeParse(payload).success, `${topic}`);
      else t.equal(render(template), payload, `${topic}`);
    }
    t.equal(`minspnet/porch/${event.camera}/events`, triggers[0]?.topic, 'the camera of the event');
  });

  t.test('its conditions and texts name fields of an event', async (t) => {
    const templates = automations
      .flatMap(({ conditions = [], actions }) => [
        ...conditions.map((step) => step.value_template),
        ...actions.map(({ data }) => data?.message),
      ])
      .filter((template) => template?.includes('{{'));
    t.strictSame(
      templates.map((template) => render(template ?? '')),
      ['true', `person at door (${event.capturedAt})`],
    );
  });

  t.test('what it asks for is a request', async (t) => {
    const asks = automations.flatMap(({ actions }) => actions.filter(({ action }) => action === 'mqtt.publish'));
    t.equal(asks.length, 1);
    for (const { data } of asks) {
      t.equal(requestMistake(data?.topic ?? '', data?.payload ?? ''), undefined);
      t.equal(data?.retain, false, 'a retained request is refused');
    }
  });
});

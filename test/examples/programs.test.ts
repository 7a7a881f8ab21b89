import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Event } from '../../src/contract/event.js';
import { type Board, startBoard } from '../support/board.js';
import { Listener, startAedes, type TestBroker } from '../support/broker.js';
import { observation } from '../support/events.js';
import { Program } from '../support/program.js';
import { until } from '../support/until.js';

/** The machine may be slow to start a program, ms. */
const patienceMs = 40_000;
/** One with what `examples/requirements.txt` names. */
const python = process.env.TEST_PYTHON ?? 'python3';
const paho = spawnSync(python, ['-c', 'from paho.mqtt.client import CallbackAPIVersion']);
const noPaho: string | false = paho.status !== 0 && 'needs paho-mqtt 2 for python3, or for the Python in TEST_PYTHON';

async function setUp(t: Test): Promise<{ broker: TestBroker; board: Board; listener: Listener }> {
  const broker = await startAedes();
  t.teardown(() => broker.stop());
  const board = await startBoard(broker.url, join(t.testdir(), 'outbox'));
  t.teardown(() => board.publisher.stop({ timeoutMs: 100 }));
  const listener = await Listener.on(broker.url, 'minspnet/+/+/events');
  t.teardown(() => listener.stop());
  return { broker, board, listener };
}

function run(t: Test, command: string, args: readonly string[]): Program {
  const program = new Program(command, args);
  t.teardown(() => program.stop('SIGKILL'));
  return program;
}

/** What it has said of events, once that is as much as is wanted. */
async function heard(t: Test, program: Program, wanted: readonly string[]): Promise<void> {
  const told = () => program.lines.filter((line) => line.startsWith('node/'));
  await until(() => told().length >= wanted.length, patienceMs).catch(() => {});
  t.strictSame(told(), wanted, program.errors);
}

/** Three events of the board, then what QoS 1, a full outbox and a new numbering do to a subscriber. */
async function play({ board, listener }: { board: Board; listener: Listener }): Promise<void> {
  for (const id of ['a', 'b', 'c']) board.publisher.observation(observation({ camera: 'door', id }));
  await listener.until(() => listener.heard.length === 3, patienceMs);
  const [first] = listener.json<Event>('/events');
  const topic = board.publisher.topics.events('door');
  const say = (message: object) => listener.publish(topic, JSON.stringify(message));
  await say({ ...first, seq: 2, replayed: true });
  await say({ type: 'gap', camera: 'door', from: 3, to: 5, at: '2026-11-25T00:00:00.000Z' });
  await say({ ...first, seq: 6 });
  await say({ ...first, seq: 8 });
  await say({ ...first, stream: 'anew', seq: 1 });
}

t.test('Node: each event once, gaps, and a request', async (t) => {
  const { broker, board, listener } = await setUp(t);
  const program = run(t, process.execPath, ['examples/node.mjs', broker.url]);
  await until(() => program.lines.some((line) => line.startsWith('node runs')), patienceMs).catch(() => {});
  t.strictSame(program.lines, ['node is online', 'node runs minspnet-s 1'], program.errors);
  t.match(board.asked, [{ name: 'models' }]);
  await play({ board, listener });
  await heard(t, program, [
    ...[1, 2, 3].map((seq) => `node/door: ${seq} new person 80 %`),
    'node/door: 4 to 5 will not come (announced)',
    'node/door: 6 new person 80 %',
    'node/door: 7 to 7 will not come (missed)',
    'node/door: 8 new person 80 %',
    'node/door: 1 new person 80 %',
  ]);
  t.equal(await program.stop('SIGINT'), 0, program.errors);
});

t.test('Python: each event once, and gaps', { skip: noPaho }, async (t) => {
  const { broker, board, listener } = await setUp(t);
  const program = run(t, python, ['examples/python.py', '127.0.0.1', String(broker.port)]);
  await until(() => program.lines.includes('subscribed'), patienceMs).catch(() => {});
  t.strictSame(program.lines, ['subscribed'], program.errors);
  await listener.publish('minspnet/node/door/events', '{"type":"new"}');
  await until(() => program.errors.includes('not what the contract says'), patienceMs);
  listener.heard.length = 0;
  await play({ board, listener });
  await heard(t, program, [
    ...[1, 2, 3].map((seq) => `node/door: ${seq} new person 80%`),
    'node/door: 4 to 5 will not come',
    'node/door: 6 new person 80%',
    'node/door: 7 to 7 will not come',
    'node/door: 8 new person 80%',
    'node/door: 1 new person 80%',
  ]);
  t.equal(await program.stop('SIGINT'), 0, program.errors);
});

import fc from 'fast-check';
import t from 'tap';
import { RequestError } from '../../src/contract/errors.js';
import { type Response, response } from '../../src/contract/request.js';
import { Topics } from '../../src/contract/topics.js';
import { answerTopics, RequestServer, type RequestServerOptions } from '../../src/mqtt/request-server.js';
import { messages } from '../support/request-fuzz.js';
import { recordingHandlers } from '../support/requests.js';

interface Said {
  topic: string;
  answer: Response;
  correlationData?: Buffer;
}

function setUp(options: Partial<RequestServerOptions> = {}) {
  const topics = new Topics('minspnet', 'node');
  const said: Said[] = [];
  const { handlers, asked } = recordingHandlers();
  const server = new RequestServer({
    topics,
    isOn: () => true,
    groupOf: () => undefined,
    perSecond: 1000,
    handlers,
    say: (topic, payload, { correlationData }) => {
      said.push({ topic, answer: JSON.parse(payload), ...(correlationData && { correlationData }) });
      return true;
    },
    mayAnswerAt: (topic) => !topic.startsWith('minspnet/') || topic.startsWith('minspnet/node/response/'),
    ...options,
  });
  const ask = async (name: string, payload: unknown, extra: object = {}) => {
    const bytes = Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
    await server.receive({ topic: topics.request(name), payload: bytes, retain: false, ...extra });
    return said.at(-1);
  };
  return { server, said, asked, ask };
}

t.test(
  'an answer goes nowhere but to response topics, places where no board speaks, and what the settings allow',
  async (t) => {
    const mayAnswerAt = answerTopics(new Topics('minspnet', 'node'), 'minspnet', ['answers/']);
    for (const topic of ['minspnet/node/response/rate', 'minspnet/answers/of/me', 'answers/me']) {
      t.ok(mayAnswerAt(topic), topic);
    }
    const closed = ['door/unlock', 'homeassistant/device/x/config', 'zigbee2mqtt/lamp/set', 'frigate/events'];
    const ours = [
      'minspnet/node/door/state',
      'minspnet/other/status',
      'minspnet/other/response/rate',
      'minspnet/release',
    ];
    for (const topic of [...closed, ...ours]) t.notOk(mayAnswerAt(topic), topic);
    const { said, ask } = setUp({ mayAnswerAt });
    await ask('models', '', { responseTopic: 'door/unlock' });
    t.same(
      said.map(({ topic, answer }) => [topic, answer.code]),
      [['minspnet/node/response/models', 'ERR_REQUEST_RESPONSE_TOPIC']],
    );
  },
);

t.test('what is asked for is done, and answered where it belongs', async (t) => {
  const { server, asked, ask } = setUp();
  t.match(await ask('rate', { camera: 'door', fps: 3, transaction: 'a' }), {
    topic: 'minspnet/node/response/rate',
    answer: { status: 'ok', data: { fps: 10 }, transaction: 'a' },
  });
  t.match(await ask('models', '', { responseTopic: 'answers/me', correlationData: Buffer.from('7') }), {
    topic: 'answers/me',
    answer: { status: 'ok' },
    correlationData: Buffer.from('7'),
  });
  t.match(await ask('swapModel', { model: 'minspnet-n' }), { answer: { status: 'ok' } });
  t.strictSame(asked, [
    { name: 'rate', needs: { camera: 'door', fps: 3 } },
    { name: 'models', needs: {} },
    { name: 'swapModel', needs: { model: 'minspnet-n', precision: 'auto' } },
  ]);
  t.match(server.counters, { done: 3, failed: 0, refused: 0 });
});

t.test('what is wrong with a request is said', async (t) => {
  const { server, asked, ask } = setUp({ isOn: (name) => name !== 'restart' });
  const cases: [string, unknown, string, RegExp][] = [
    ['rate', { camera: 'door', fps: 0 }, 'INVALID', /fps/],
    ['rate', { camera: 'door', fps: 3, speed: 1 }, 'INVALID', /speed/],
    ['rate', 'fast', 'INVALID', /JSON object/],
    ['rate', '[1]', 'INVALID', /JSON object/],
    ['rate', { camera: 'door', fps: 3, transaction: {} }, 'INVALID', /transaction/],
    ['rate', `"${'x'.repeat(20_000)}"`, 'INVALID', /16384 bytes/],
    ['dance', {}, 'UNKNOWN', /known: detect/],
    ['restart', { camera: 'door' }, 'OFF', /requests\.restart/],
  ];
  for (const [name, payload, code, error] of cases) {
    const answer = { status: 'error', data: {}, code: `ERR_REQUEST_${code}`, error };
    t.match(await ask(name, payload), { topic: `minspnet/node/response/${name}`, answer });
  }
  t.match(
    await ask('rate', { fps: 3, transaction: 9 }),
    { answer: { transaction: 9 } },
    'also a bad one is recognised',
  );
  for (const responseTopic of ['minspnet/node/status', 'a/+', '#', '', '$SYS/x', 'x'.repeat(2000)]) {
    const said = await ask('models', {}, { responseTopic });
    t.match(said, { topic: 'minspnet/node/response/models', answer: { code: 'ERR_REQUEST_RESPONSE_TOPIC' } });
  }
  t.strictSame(asked, []);
  t.match(server.counters, { done: 0, failed: cases.length + 7, refused: 0 });
});

t.test('a retained request is not carried out: it would be in every session', async (t) => {
  const { server, said, ask } = setUp();
  await ask('restart', { camera: 'door' }, { retain: true });
  t.strictSame(said, []);
  t.match(server.counters, { done: 0, failed: 0, refused: 1 });
});

t.test('too many are refused and counted; one a second is told so', async (t) => {
  let now = 0;
  const { server, ask } = setUp({ perSecond: 5, monotonic: () => now });
  for (let i = 0; i < 50; i += 1) await ask('models', {});
  t.match(server.counters, { done: 10, failed: 1, refused: 39 });
  now = 1000;
  for (let i = 0; i < 50; i += 1) await ask('models', {});
  t.match(server.counters, { done: 15, failed: 2, refused: 83 });
});

t.test('what would take the engine waits for nobody: one at a time', async (t) => {
  let finish: (() => void) | undefined;
  const { handlers } = recordingHandlers();
  const reload = () =>
    new Promise<{ cameras: string[]; restartNeeded: string[] }>((resolve) => {
      finish = () => resolve({ cameras: [], restartNeeded: [] });
    });
  const { ask } = setUp({ handlers: { ...handlers, reload } });
  const first = ask('reload', {});
  t.match(await ask('swapModel', { model: 'x' }), { answer: { code: 'ERR_REQUEST_BUSY', error: /reload/ } });
  t.match(await ask('models', {}), { answer: { status: 'ok' } });
  finish?.();
  t.match(await first, { answer: { status: 'ok' } });
  t.match(await ask('swapModel', { model: 'x' }), { answer: { status: 'ok' } });
});

t.test('an error is told to whoever asked; a bug of ours to the log as well', async (t) => {
  const { handlers } = recordingHandlers();
  const fails = async () => {
    throw new RequestError('ERR_REQUEST_CAMERA', 'usage', 'no camera is called "x"');
  };
  const { server, ask } = setUp({
    handlers: {
      ...handlers,
      restart: fails,
      models: async () => {
        throw new TypeError('oops');
      },
    },
  });
  const warnings: string[] = [];
  server.on('warning', ({ message }) => warnings.push(message));
  t.match(await ask('restart', { camera: 'x' }), { answer: { code: 'ERR_REQUEST_CAMERA', error: /"x"/ } });
  t.match(await ask('models', {}), { answer: { code: 'ERR_INTERNAL' } });
  t.strictSame(warnings, ['oops']);
});

t.test('10,000 random and mutated requests: each is answered or counted as refused, nothing is thrown', async (t) => {
  const { server, said } = setUp({ perSecond: 1e9 });
  let received = 0;
  server.on('warning', ({ message }) => t.fail(message));
  await fc.assert(
    fc.asyncProperty(messages('minspnet/node/request/'), async (message) => {
      const before = said.length;
      const { refused } = server.counters;
      await server.receive(message);
      received += 1;
      const answers = said.slice(before);
      if (answers.length + server.counters.refused - refused !== 1) throw new Error('neither answered nor refused');
      for (const { topic, answer } of answers) {
        response.parse(answer);
        if (/[+#\0]/.test(topic) || topic.startsWith('$')) throw new Error(`answered at ${topic}`);
      }
    }),
    { numRuns: 10_000 },
  );
  const { done, failed, refused } = server.counters;
  t.equal(done + failed + refused, received);
  t.ok(
    done > 20 && failed > 1000 && refused > 100,
    `${received} requests: ${done} done, ${failed} failed, ${refused} refused`,
  );
  t.comment(`${received} requests: ${done} done, ${failed} failed, ${refused} refused`);
});

t.test('what has a level of its own is taken there and nowhere else, and nothing else is', async (t) => {
  const { ask, asked } = setUp({ groupOf: (name) => (name === 'detect' ? 'admin' : undefined) });
  const detect = { camera: 'door', enabled: false };
  t.match(await ask('detect', detect), { answer: { code: 'ERR_REQUEST_OFF', error: /request\/admin\/detect/ } });
  t.match(await ask('other/detect', detect), { answer: { code: 'ERR_REQUEST_OFF' } });
  t.match(await ask('admin/models', {}), { answer: { code: 'ERR_REQUEST_OFF' } });
  t.equal(asked.length, 0);
  t.match(await ask('admin/detect', detect), { topic: 'minspnet/node/response/detect', answer: { status: 'ok' } });
  t.equal(asked.length, 1);
});

t.test('no answer is a request of another node', async (t) => {
  const mayAnswerAt = answerTopics(new Topics('minspnet', 'node'), 'minspnet', []);
  for (const topic of [
    'minspnet/other/request/detect',
    'minspnet/other/request/admin/detect',
    'minspnet/node/request/a/b/c',
  ]) {
    t.notOk(mayAnswerAt(topic), topic);
  }
  t.ok(mayAnswerAt('minspnet/answers/me'));
});

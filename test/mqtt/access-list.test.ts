import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import t from 'tap';
import { connect } from '../../src/client/index.js';
import { startBoard } from '../support/board.js';
import { Mosquitto, mosquittoPassword, noMosquitto } from '../support/broker.js';

/** The list of docs/requests.md, with the name of the tests' node. */
function documentedList(): string {
  const [, list] = /```acl\n(.*?)```/s.exec(readFileSync('docs/requests.md', 'utf8')) ?? [];
  if (list === undefined) throw new Error('docs/requests.md has no access list');
  return list.replaceAll('minspnet/porch/', 'minspnet/node/');
}

t.test('the documented access list: who may ask, and who may change something', { skip: noMosquitto }, async (t) => {
  const broker = new Mosquitto(['allow_anonymous false', 'password_file %d/passwords', 'acl_file %d/acl']);
  const users = ['porch', 'house', 'guest'];
  const passwords = users.map((user) => mosquittoPassword(user, `${user}-secret`)).join('');
  await broker.start({ passwords, acl: documentedList() });
  t.teardown(() => broker.stop());
  const access = { username: 'porch', password: 'porch-secret' };
  const { publisher, asked } = await startBoard(broker.url, join(t.testdir(), 'outbox'), { access, changes: 'admin' });
  t.teardown(() => publisher.stop({ timeoutMs: 100 }));

  const ask = async (user: string, topic: string, payload: string) => {
    const password = `${user}-secret`;
    const client = await mqtt.connectAsync(broker.url, { username: user, password, protocolVersion: 5 });
    try {
      await client.subscribeAsync('minspnet/node/response/+', { qos: 1 });
      const answer = new Promise<string>((resolve) => {
        client.on('message', (_, body) => resolve(JSON.parse(String(body)).code ?? 'ok'));
      });
      const refused = client
        .publishAsync(`minspnet/node/request/${topic}`, payload, { qos: 1 })
        .then(() => answer) // mosquitto acknowledges what it lets through with success
        .catch((error: { code?: number }) => `refused ${error.code}`);
      return await refused;
    } finally {
      await client.endAsync(true);
    }
  };
  const detect = '{"camera":"door","enabled":false}';
  t.equal(await ask('guest', 'models', ''), 'ok');
  t.equal(await ask('guest', 'detect', detect), 'ERR_REQUEST_OFF', 'our node refuses it there');
  t.equal(await ask('guest', 'admin/detect', detect), 'refused 135', 'the broker refuses it');
  t.equal(asked.filter(({ name }) => name === 'detect').length, 0);
  t.equal(await ask('house', 'admin/detect', detect), 'ok');
  t.equal(asked.filter(({ name }) => name === 'detect').length, 1);

  const client = await connect(broker.url, { username: 'house', password: 'house-secret' });
  t.teardown(() => client.close());
  const off = { camera: 'door', enabled: false };
  await t.rejects(client.request('node', 'detect', off), { code: 'ERR_REQUEST_REFUSED' });
  await client.request('node', 'detect', off, { level: 'admin' });
  t.equal(asked.filter(({ name }) => name === 'detect').length, 2, 'the client names the level');
});

import t from 'tap';
import { Requests } from '../../src/client/requests.js';

t.test('a request whose sending never ends is given up in time, and nothing is left unhandled', async (t) => {
  const requests = new Requests(() => 0.5);
  let fail = (_: Error) => {};
  const stuck = () =>
    new Promise<void>((_, reject) => {
      fail = reject;
    });
  await t.rejects(requests.ask('shed', 'detect', 20, stuck), { code: 'ERR_REQUEST_TIMEOUT' });
  fail(new Error('too late to matter'));
});

t.test('an answer that overtakes the end of its sending counts', async (t) => {
  const requests = new Requests(() => 0.5);
  const answer = requests.ask('shed', 'models', 60_000, async (transaction) => {
    requests.answered('shed', { transaction, status: 'ok', data: ['minspnet-s'] });
  });
  t.same(await answer, ['minspnet-s']);
});

t.test('what cannot be sent says so', async (t) => {
  const requests = new Requests(() => 0.5);
  const send = () => Promise.reject(new Error('no connection'));
  await t.rejects(requests.ask('shed', 'detect', 60_000, send), /no connection/);
});

import t from 'tap';
import { Access } from '../../src/http/access.js';
import { Attempts } from '../../src/http/attempts.js';

const token = 'correct-horse-battery';
const here = { host: '127.0.0.1:8787' };

function visit(headers: Record<string, string>, remoteAddress = '192.0.2.7') {
  return { headers: { ...here, ...headers }, remoteAddress };
}

t.test('without a token only this machine is served, and no other page in its browser', async (t) => {
  const access = new Access(undefined, new Attempts(() => 0));
  const refused = (headers: Record<string, string>) => access.refuseOrigin(visit(headers))?.code;
  for (const host of ['127.0.0.1:8787', 'localhost:9000', '[::1]:8787', 'LOCALHOST'])
    t.equal(refused({ host }), undefined, host);
  for (const host of ['evil.example', 'porch.lan:8787', '192.0.2.1', '127.0.0.1.evil.example', '']) {
    t.equal(refused({ host }), 'ERR_HTTP_HOST', host);
  }
  t.equal(refused({ origin: 'http://127.0.0.1:8787' }), undefined, 'our own page');
  for (const origin of ['http://evil.example', 'http://127.0.0.1:80', 'null', 'http://localhost:8787']) {
    t.equal(refused({ origin }), 'ERR_HTTP_ORIGIN', origin);
  }
  t.equal(refused({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }), 'ERR_HTTP_ORIGIN', 'a picture');
  t.equal(refused({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }), undefined, 'a link');
  t.equal(access.refuseToken(visit({})), undefined);
});

t.test('with a token it is asked for, in any of the ways that programs have', async (t) => {
  const access = new Access(token, new Attempts(() => 0));
  t.equal(access.refuseOrigin(visit({ host: 'porch.lan:8787' })), undefined, 'by any name');
  t.match(access.refuseToken(visit({})), { status: 401 });
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
  for (const authorization of [`Bearer ${token}`, `bearer ${token}`, basic(`anybody:${token}`)]) {
    t.equal(access.refuseToken(visit({ authorization })), undefined, authorization);
  }
  for (const authorization of [`Bearer ${token}x`, 'Bearer', basic(token), basic(':'), `Digest ${token}`]) {
    t.match(access.refuseToken(visit({ authorization })), { status: 401 }, authorization);
  }
  const cookie = access.cookie(false).split(';')[0] ?? '';
  t.notMatch(cookie, token, 'it lies in a browser’s profile');
  t.equal(access.refuseToken(visit({ cookie: `other=1; ${cookie}` })), undefined);
  t.match(access.refuseToken(visit({ cookie: `${cookie}x` })), { status: 401 });
  t.not(new Access(`${token}2`, new Attempts(() => 0)).cookie(false), access.cookie(false), 'it ends with the token');
});

t.test('wrong tokens are limited by where they come from, and that passes', async (t) => {
  let now = 0;
  const access = new Access(token, new Attempts(() => now));
  const guess = (from: string, given = 'wrong') => access.refuseGiven(given, from)?.status;
  const burst = Array.from({ length: 12 }, () => guess('192.0.2.7'));
  t.strictSame(burst, [...Array(10).fill(401), 429, 429]);
  t.equal(guess('192.0.2.7', token), 429, 'also the right one: it could be the next guess');
  t.equal(guess('::ffff:192.0.2.7', token), 429, 'the same place');
  t.equal(guess('192.0.2.8', token), undefined, 'another place');
  now += 6000;
  t.equal(guess('192.0.2.7', token), undefined);
  for (let i = 0; i < 11; i++) guess(`2001:db8:1:1::${i}`);
  t.equal(guess('2001:db8:1:1::99'), 429, 'one household of IPv6');
});

import { createHash, type KeyObject } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t, { type Test } from 'tap';
import { ModelError } from '../../src/contract/errors.js';
import { compareVersions, ModelStore } from '../../src/model/store.js';
import { Authority, noOpenssl, text } from '../support/certificates.js';
import { offerKey, signCard, stranger } from '../support/offers.js';

const selfTest = async () => {};

/** An offer: a card, its signature, and its file. */
async function offer(
  folder: string,
  version: string,
  { bytes = `network ${version}`, name = 'bird', by = undefined as KeyObject | undefined } = {},
) {
  await mkdir(folder, { recursive: true });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const card = {
    cardVersion: 1,
    name,
    version,
    task: 'detect',
    classes: ['bird'],
    input: { name: 'pixels', layout: 'nhwc', type: 'uint8', colour: 'rgb', multipleOf: 32, fill: 114, sizes: [] },
    output: { decoder: 'yolox', output: 'output', strides: [8, 16, 32] },
    minScore: 0.4,
    nmsIou: 0.6,
    files: { fp32: { file: 'bird.onnx', sha256, bytes: bytes.length } },
  };
  await writeFile(join(folder, 'bird.onnx'), bytes);
  await signCard(folder, card, by);
  return { card, url: pathToFileURL(join(folder, 'card.json')).href };
}

async function setUp(t: Test) {
  const home = t.testdir({});
  const store = new ModelStore(join(home, 'models'));
  const offered = join(home, 'offered');
  return { store, offered, names: async () => (await readdir(store.directory)).filter((name) => name !== '.previous') };
}

t.test('a signed model is added, replaced, brought back and removed', async (t) => {
  const { store, offered, names } = await setUp(t);
  const { url } = await offer(offered, '1.9.0');
  t.match(await store.add(url, { keys: [offerKey], selfTest }), {
    card: { name: 'bird', version: '1.9.0' },
    previous: undefined,
  });
  await offer(offered, '1.10.0');
  t.match(await store.add(url, { keys: ['AAAA', offerKey], selfTest }), {
    card: { version: '1.10.0' },
    previous: '1.9.0',
  });
  t.match(await store.rollback('bird'), { card: { version: '1.9.0' }, previous: '1.10.0' });
  t.equal(await readFile(join(store.directory, 'bird', 'bird.onnx'), 'utf8'), 'network 1.9.0');
  t.match(await store.rollback('bird'), { card: { version: '1.10.0' }, previous: '1.9.0' });
  t.strictSame([(await store.list()).length, await names()], [1, ['bird']], 'nothing staged is left');
  await store.remove('bird');
  t.strictSame([await store.list(), await names()], [[], []]);
  await t.rejects(store.rollback('bird'), { code: 'ERR_MODEL_MISSING' });
});

t.test('what is not to be let in changes nothing', async (t) => {
  const { store, offered, names } = await setUp(t);
  const { url } = await offer(offered, '2.0.0');
  await store.add(url, { keys: [offerKey], selfTest });
  const refused = async (code: string, options: Partial<Parameters<ModelStore['add']>[1]> = {}, source = url) => {
    await t.rejects(store.add(source, { keys: [offerKey], selfTest, ...options }), { code }, code);
    t.match([await names(), await store.list()], [['bird'], [{ card: { version: '2.0.0' }, previous: undefined }]]);
  };
  await offer(offered, '3.0.0', { by: stranger });
  await refused('ERR_MODEL_SIGNATURE');
  await offer(offered, '3.0.0');
  await refused('ERR_MODEL_SIGNATURE', { keys: [] });
  await writeFile(join(offered, 'card.json.sig'), 'none');
  await refused('ERR_MODEL_SIGNATURE');
  const { card } = await offer(offered, '3.0.0');
  await writeFile(join(offered, 'bird.onnx'), 'network 3.0.1');
  await refused('ERR_MODEL_CORRUPT');
  await writeFile(join(offered, 'bird.onnx'), 'a longer network than its card says');
  await refused('ERR_MODEL_DOWNLOAD');
  await rm(join(offered, 'bird.onnx'));
  await refused('ERR_MODEL_DOWNLOAD');
  await signCard(offered, { ...card, files: { fp32: { ...card.files.fp32, file: '../../bird.onnx' } } });
  await refused('ERR_MODEL_CARD');
  await offer(offered, '3.0.0', { name: '../bird' });
  await refused('ERR_MODEL_CARD');
  await offer(offered, '3.0.0', { name: '.previous' });
  await refused('ERR_MODEL_CARD');
  await offer(offered, '3.0.0');
  await refused('ERR_MODEL_CORRUPT', { sha256: '0'.repeat(64) });
  await refused('ERR_MODEL_SELF_TEST', {
    selfTest: () => Promise.reject(new ModelError('ERR_MODEL_SELF_TEST', 'model', 'no')),
  });
  await offer(offered, '1.9.9');
  await refused('ERR_MODEL_OLDER');
  await refused('ERR_MODEL_DOWNLOAD', {}, 'http://127.0.0.1/card.json');
  await refused('ERR_MODEL_DOWNLOAD', {}, 'https://127.0.0.1:1/card.json');
  t.match(await store.add(url, { keys: [offerKey], selfTest, allowOlder: true }), {
    card: { version: '1.9.9' },
    previous: '2.0.0',
  });
});

t.test('over HTTPS, and never on to something else', { skip: noOpenssl }, async (t) => {
  const { store, offered } = await setUp(t);
  await offer(offered, '1.0.0');
  const authority = new Authority();
  t.teardown(() => authority.remove());
  const { certificate, key: serverKey } = authority.issue('server', 'IP:127.0.0.1');
  const server = createServer({ key: text(serverKey), cert: text(certificate) }, async (request, response) => {
    const path = request.url ?? '';
    if (path.startsWith('/away/')) response.writeHead(302, { location: 'http://127.0.0.1:1/card.json' }).end();
    else response.end(await readFile(join(offered, path)).catch(() => ''));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const address = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await t.rejects(
    store.add(`${address}/card.json`, { keys: [offerKey], selfTest }),
    { code: 'ERR_MODEL_DOWNLOAD' },
    'nobody vouches for it',
  );
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'; // the test's own authority is not the system's
  t.teardown(() => delete process.env.NODE_TLS_REJECT_UNAUTHORIZED);
  t.match(await store.add(`${address}/card.json`, { keys: [offerKey], selfTest }), { card: { version: '1.0.0' } });
  await t.rejects(store.add(`${address}/away/card.json`, { keys: [offerKey], selfTest }), {
    code: 'ERR_MODEL_DOWNLOAD',
  });
});

t.test('a folder of this machine needs no signature', async (t) => {
  const { store, offered } = await setUp(t);
  await offer(offered, '1.0.0', { by: stranger });
  t.match(await store.add(offered, { keys: [], selfTest }), { card: { name: 'bird' } });
  await t.rejects(store.add(join(offered, 'nowhere'), { keys: [], selfTest }), { code: 'ERR_MODEL_CARD' });
});

t.test('versions are compared by their numbers', (t) => {
  t.ok(compareVersions('1.10.0', '1.9.0') > 0);
  t.equal(compareVersions('1.0.0', '1.0.0'), 0);
  t.ok(compareVersions('0.9', '0.10') < 0);
  t.end();
});

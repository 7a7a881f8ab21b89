import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { benchmark, benchmarkSummary } from '../../src/contract/benchmark.js';
import { EmbeddedBroker } from '../../src/mqtt/embedded-broker.js';
import { Listener } from '../support/broker.js';
import { schemaMistake } from '../support/schemas.js';

const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));
const run = promisify(execFile);

t.test('bench measures, writes, draws and publishes', async (t) => {
  const broker = new EmbeddedBroker({ host: '127.0.0.1', port: 0, strict: false });
  await broker.start();
  const { url } = broker;
  t.teardown(() => broker.stop());
  const folder = t.testdir({});
  const [json, report] = [join(folder, 'b.json'), join(folder, 'b.html')];
  const args = ['bench', '--duration', '2s', '--rate', '20', '--compare', 'minspnet-n', '--mqtt', url, '--publish'];
  const { stdout, stderr } = await run(process.execPath, [cli, ...args, '--json', json, '--report', report]);

  const result = benchmark.parse(JSON.parse(await readFile(json, 'utf8')));
  t.equal(schemaMistake('bench-result', result), undefined);
  t.match(
    result.models.map(({ name }) => name),
    [/^minspnet-s/, /^minspnet-n/],
  );
  t.ok(result.models.every(({ inferenceMs }) => inferenceMs.samples > 0 && inferenceMs.p99 === null));
  t.ok((result.models[1]?.ratio?.rounds ?? 0) > 0, 'in turns with the first');
  t.ok(result.daemon.pictures > 0);
  t.equal(result.daemon.captureToPublishMs.samples, result.daemon.pictures);
  t.ok((result.daemon.addedMs.mean ?? 0) > 0);
  t.ok((result.daemon.peakRssBytes.both ?? 0) > 50e6);

  t.match(stdout, /n too small/);
  t.match(stdout, /capture to publish/);
  t.match(stderr, /measuring daemon/);
  const html = await readFile(report, 'utf8');
  t.notMatch(html, /<script|src=|href=|url\(/, 'it loads nothing');
  t.ok(html.split('<svg').length > 4);
  t.notMatch(html, /NaN|undefined/);
  const { kernel, virtualHost } = result.board;
  t.equal(kernel, release());
  t.ok(stdout.includes(`kernel ${kernel}`));
  t.equal(html.includes('The machine is virtual'), virtualHost !== null, 'what makes figures worth less comes first');

  const listener = await Listener.on(url, 'minspnet/minspnet/benchmark');
  t.teardown(() => listener.stop());
  await listener.until(() => listener.heard.length > 0, 10_000);
  const summary = benchmarkSummary.parse(listener.json('/benchmark')[0]);
  t.equal(summary.model.sha256, result.models[0]?.sha256);
});

t.test('what it is told wrong, it says', async (t) => {
  const wrong = (...args: string[]) => run(process.execPath, [cli, 'bench', ...args]);
  await t.rejects(wrong('--duration', '0s'), { code: 64, stderr: /60s/ });
  await t.rejects(wrong('--rate', 'fast'), { code: 64, stderr: /max/ });
  await t.rejects(wrong('--publish'), { code: 64, stderr: /--mqtt/ });
  await t.rejects(wrong('--model', 'no-such-model'), { code: 79 });
  await t.rejects(wrong('--source', '/no/such.mp4'), { code: 66, stderr: /does not exist. Check the path/ });
  const noBroker = { code: 69, stderr: /nothing listens there.*ERR_BROKER_AWAY/ };
  await t.rejects(wrong('--mqtt', 'mqtt://127.0.0.1:1', '--publish'), noBroker, 'before it measures');
  await t.rejects(wrong('--mqtt', 'mqtt://127.0.0.1:1'), noBroker);
  await t.rejects(wrong('--mqtt', 'broker'), { code: 78, stderr: /looks like mqtt:/ });
  await t.rejects(wrong('--report', '/no/such/folder/b.html'), { code: 73, stderr: /folder that is there/ });
  const aFolder = { code: 73, stderr: /can’t be written: it is a folder\. Name a file .*ERR_OUTPUT_WRITE/ };
  for (const option of ['--report', '--json']) {
    // The broker is tried next: what ends before that has not measured.
    await t.rejects(wrong(option, 'models', '--mqtt', 'mqtt://127.0.0.1:1'), aFolder, option);
  }
  const card = JSON.parse(await readFile('models/minspnet-n/card.json', 'utf8'));
  const text = 'this is no network';
  card.files = {
    fp32: { ...card.files.fp32, file: 'x.onnx', sha256: createHash('sha256').update(text).digest('hex') },
  };
  const folder = t.testdir({ 'card.json': JSON.stringify(card), 'x.onnx': text });
  const compared = (model: string) => wrong('--duration', '1s', '--compare', model);
  await t.rejects(compared(join(folder, 'x.onnx')), { code: 79, stderr: /is a file. Name the folder/ });
  await t.rejects(compared(folder), { code: 79, stderr: /can’t load .*x\.onnx.*has to be an ONNX network/s });
});

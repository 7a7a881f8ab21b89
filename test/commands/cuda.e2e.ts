import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { connect } from '../../src/client/index.js';
import type { RequestGives } from '../../src/contract/request.js';
import type { Info } from '../../src/contract/status.js';
import { TestDaemon } from '../support/daemon.js';
import { until } from '../support/until.js';

const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));
const binding = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
const packaged = join(binding, `bin/napi-v6/${process.platform}/${process.arch}/libonnxruntime.so.1`);
const NODE_OPTIONS = `--import=${new URL('../support/stand-in-cuda.js', import.meta.url)}`;

/** Settings for a library that has a CUDA provider beside it, where the stand-in takes CUDA for the CPU. */
function pretendCuda(t: Test): { folder: string; config: string } {
  const folder = t.testdir({ 'libonnxruntime_providers_cuda.so': 'never loaded' });
  const library = join(folder, 'libonnxruntime.so.1');
  copyFileSync(packaged, library);
  const config = join(folder, 'minspnet.yaml');
  const mqtt = { broker: { port: 0 } };
  writeFileSync(config, JSON.stringify({ mqtt, runtime: { provider: 'cuda', library } })); // JSON is YAML
  return { folder, config };
}

const skip = !existsSync(packaged) && `onnxruntime-node has no library for ${process.platform} ${process.arch}`;

t.test('on CUDA the daemon runs the FP32 file and says so, in its log, `info` and answers', { skip }, async (t) => {
  const { folder, config } = pretendCuda(t);
  const daemon = new TestDaemon(['run', '-c', config], join(folder, 'state'), { NODE_OPTIONS });
  t.teardown(() => daemon.dispose());
  const [, url = ''] = await daemon.line(/(mqtt:\/\/[\d.:]+)/);
  const client = await connect(url);
  t.teardown(() => client.close());
  const infos: Info[] = [];
  client.on('info', (info) => infos.push(info));
  t.match(await daemon.line(/model {5}minspnet-s \S+ (\w+), provider (\w+)/), { 1: 'fp32', 2: 'cuda' });
  await until(() => infos.length > 0);
  t.match(infos[0], { model: { name: 'minspnet-s', precision: 'fp32' }, provider: { active: 'cuda' } });

  const ask = async (precision: string) => {
    const needs = { model: 'minspnet-n', precision };
    // On another provider another engine has to start, which is no matter of seconds on every machine.
    const gives = await client.request(infos[0]?.node ?? '', 'swapModel', needs, { timeoutMs: 60_000 });
    return (gives as RequestGives<'swapModel'>).precision;
  };
  t.equal(await ask('auto'), 'fp32');
  t.equal(await ask('int8'), 'int8', 'what is named runs');
  await until(() => infos.at(-1)?.model.precision === 'int8');
});

t.test('so do doctor and bench', { skip }, async (t) => {
  const { folder, config } = pretendCuda(t);
  const env = { ...process.env, NODE_OPTIONS, MINSPNET_STATEDIRECTORY: join(folder, 'state') };
  const run = promisify(execFile);
  const doctor = await run(process.execPath, [cli, 'doctor', '-c', config], { env });
  t.match(doctor.stdout, /^ok {4}provider +fp32 on cuda of \S+ \(asked for: cuda\)$/m);
  const bench = await run(process.execPath, [cli, 'bench', '-c', config, '--duration', '1s', '--json', '-'], { env });
  t.match(JSON.parse(bench.stdout), {
    models: [{ name: 'minspnet-s fp32', precision: 'fp32', provider: { active: 'cuda' } }],
  });
});

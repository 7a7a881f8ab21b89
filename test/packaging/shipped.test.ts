import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import t from 'tap';
import { Shipped } from '../../packaging/shipped.js';

const shipped = new Shipped();
const bundled = shipped.bundled();
const names = bundled.map(({ name }) => name);

t.test('what is imported is there, with all that it needs in turn', async (t) => {
  for (const name of Object.keys(shipped.manifest.dependencies)) t.ok(names.includes(name), name);
  for (const { path, dependencies } of bundled) {
    t.ok(existsSync(path), path);
    for (const name of Object.keys(dependencies)) t.ok(names.includes(name), `${path} needs ${name}`);
  }
});

t.test('nothing that only an install script or a part that we leave alone would need', async (t) => {
  for (const name of ['adm-zip', 'global-agent', 'unzipper', 'werift']) t.notOk(names.includes(name), name);
});

t.test('the native parts are of the version that was tested', async (t) => {
  const { onnxruntime, ffmpeg } = shipped.native('arm64');
  const versionOf = (name: string) => bundled.find((each) => each.name === name)?.version;
  t.strictSame(onnxruntime, ['@minspnet/onnxruntime-linux-arm64', versionOf('onnxruntime-node')]);
  t.strictSame(ffmpeg, ['@seydx/node-av-linux-arm64', versionOf('node-av')]);
});

t.test('the repository itself is not what is published', async (t) => {
  t.equal(shipped.manifest.private, true, 'npm publish refuses');
  const { status, stderr } = spawnSync(process.execPath, ['dist/packaging/refuse.js'], { encoding: 'utf8' });
  t.equal(status, 1);
  t.match(stderr, /npm run package/);
});

t.test('without the package of this system it is said which one, and how to get it', async (t) => {
  const program = 'packaging/onnxruntime/platform-binding.cjs';
  const { status, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8' });
  t.equal(status, 1);
  t.match(
    stderr,
    new RegExp(`@minspnet/onnxruntime-${process.platform}-${process.arch}, is not installed.*--omit=optional`),
  );
});

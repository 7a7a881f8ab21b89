import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ffmpegConfiguration, licencesOf, withGenerated, withoutText } from '../../packaging/licences.js';
import { licenceTexts } from '../../packaging/npm-packages.js';

t.test('docs/licences.md lists every package that is shipped, and how FFmpeg was built', async (t) => {
  const document = readFileSync('docs/licences.md', 'utf8');
  t.equal(withGenerated(document), document, 'npm run licences');
});

t.test('a licence that nobody has looked at is not shipped', async (t) => {
  const root = t.testdir({
    'package.json': JSON.stringify({ name: 'a', version: '1.0.0', dependencies: { b: '1' } }),
    'package-lock.json': JSON.stringify({ packages: { 'node_modules/b': { version: '1.0.0' } } }),
  });
  mkdirSync(join(root, 'node_modules/b'), { recursive: true });
  const put = (license: unknown) =>
    writeFileSync(join(root, 'node_modules/b/package.json'), JSON.stringify({ name: 'b', license }));
  put('MIT');
  t.strictSame(licencesOf(root), [{ licence: 'MIT', packages: ['b'] }]);
  for (const license of ['AGPL-3.0-only', undefined, { type: 'MIT' }]) {
    put(license);
    t.throws(() => licencesOf(root), { message: /node_modules\/b is under/ });
  }
});

t.test('a package that leaves out the text of its licence has it put into it', async (t) => {
  t.strictSame(withoutText(), Object.keys(licenceTexts));
  t.match(readFileSync('LICENSE', 'utf8'), /Apache License\s+Version 2\.0/);
  t.match(readFileSync('packaging/onnxruntime/LICENSE', 'utf8'), /^MIT License/);
});

t.test('NOTICE says under which terms FFmpeg comes', async (t) => {
  const configuration = ffmpegConfiguration();
  t.ok(configuration.includes('--enable-gpl') && configuration.includes('--enable-version3'));
  t.match(readFileSync('NOTICE', 'utf8'), /GPL version 3 or\s+later/);
});

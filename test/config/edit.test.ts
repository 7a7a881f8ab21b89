import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { editText, saveSettings } from '../../src/config/edit.js';

const text = `# My board.
node: porch # by the door

cameras:
  # The one that matters.
  door:
    source: !secret door # the address
    fps: 5
    zones:
      # Where people wait.
      step:
        polygon: [[0, 0.5], [1, 0.5], [1, 1]]
  side:
    source: demo
mqtt:
  password: "0123"
`;

t.test('comments, order and secrets stay; only what was meant changes', async (t) => {
  const polygon = [
    [0.1, 0.5],
    [0.9, 0.5],
    [0.9, 1],
  ];
  const edited = editText(text, [
    { path: ['cameras', 'door', 'zones'], value: { step: { polygon }, path: { polygon, classes: ['person'] } } },
    { path: ['cameras', 'side', 'minScore'], value: 0.7 },
    { path: ['cameras', 'door', 'fps'], value: undefined },
  ]);
  const lines = edited.split('\n');
  const kept = text.split('\n').filter((line) => !/fps|polygon/.test(line));
  for (const line of kept) t.ok(lines.includes(line), line);
  t.match(edited, 'polygon: [[0.1, 0.5], [0.9, 0.5], [0.9, 1]]');
  t.match(edited, /side:\n {4}source: demo\n {4}minScore: 0.7/);
  t.notMatch(edited, 'fps');
});

t.test('every file that we ship comes back as it is but for the change', async (t) => {
  for (const name of readdirSync('config').filter((file) => file.endsWith('.yaml'))) {
    const before = readFileSync(join('config', name), 'utf8');
    const after = editText(before, [{ path: ['node'], value: 'attic' }]);
    const comments = (all: string) => all.split('\n').flatMap((line) => /(?:^|\s)#.*$/.exec(line)?.[0].trim() ?? []);
    t.strictSame(comments(after), comments(before), name);
    t.match(after, /^node: attic/m, name);
  }
});

t.test('a file is checked before it is replaced, and kept as it was', async (t) => {
  const folder = t.testdir({ 'minspnet.yaml': text, 'secrets.yaml': 'door: rtsp://a:secret@door/1\n' });
  const file = join(folder, 'minspnet.yaml');
  const load = { environment: {} };
  await t.rejects(saveSettings(file, [{ path: ['cameras', 'door', 'fps'], value: 500 }], load), {
    code: 'ERR_CONFIG_INVALID',
    message: /minspnet\.yaml:\d+:\d+: cameras\.door\.fps/,
  });
  t.equal(readFileSync(file, 'utf8'), text);
  t.strictSame(readdirSync(folder).sort(), ['minspnet.yaml', 'secrets.yaml'], 'nothing is left over');
  const { backup, loaded } = await saveSettings(file, [{ path: ['cameras', 'door', 'fps'], value: 7 }], load);
  t.equal(readFileSync(backup ?? '', 'utf8'), text);
  t.equal(loaded.settings.cameras.door?.fps, 7);
  const strong = { environment: { MINSPNET_CAMERAS__DOOR__FPS: '3' } };
  await t.rejects(saveSettings(file, [{ path: ['cameras', 'door', 'fps'], value: 8 }], strong), {
    code: 'ERR_CONFIG_OVERRIDDEN',
    message: /\$MINSPNET_CAMERAS__DOOR__FPS/,
  });
  for (let i = 1; i <= 12; i++) await saveSettings(file, [{ path: ['node'], value: `n${i}` }], load);
  t.equal(readdirSync(folder).filter((name) => name.endsWith('.bak')).length, 10);
});

t.test('a new file, and what stands behind an alias', async (t) => {
  const folder = t.testdir({});
  const file = join(folder, 'new.yaml');
  await saveSettings(file, [{ path: ['cameras', 'a'], value: { source: 'demo' } }], { environment: {} });
  t.equal(readFileSync(file, 'utf8'), 'cameras:\n  a:\n    source: demo\n');
  t.equal(statSync(file).mode & 0o777, 0o600, 'it may hold passwords');
  writeFileSync(file, 'cameras:\n  a: &a\n    source: demo\n  b: *a\n');
  await t.rejects(saveSettings(file, [{ path: ['cameras', 'b', 'fps'], value: 2 }], { environment: {} }), {
    code: 'ERR_CONFIG_EDIT',
  });
  writeFileSync(file, '# only words\n');
  await saveSettings(file, [{ path: ['cameras', 'a', 'source'], value: 'demo' }], { environment: {} });
  t.match(readFileSync(file, 'utf8'), /^# only words\n/);
  writeFileSync(file, 'cameras:\nmqtt:\n  # url: x\n');
  await saveSettings(file, [{ path: ['cameras', 'a', 'source'], value: 'demo' }], { environment: {} });
  t.match(readFileSync(file, 'utf8'), /cameras:\n {2}a:\n {4}source: demo\n[\s\S]*# url: x/);
});

import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { defaultSettings, findSettingsFile, loadSettings } from '../../src/config/load.js';
import type { Override } from '../../src/config/problem.js';
import { ConfigError } from '../../src/contract/errors.js';

/** A settings file with this text, and the error that loading it gives. */
function fileWith(t: Test, text: string | Buffer): string {
  return join(t.testdir({ 'minspnet.yaml': text }), 'minspnet.yaml');
}

function errorOf(load: () => unknown): ConfigError {
  try {
    load();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('loaded without an error');
}

/** The lines of the message about a file with this text, without the file's name and indentation. */
function complaints(t: Test, text: string, environment: NodeJS.ProcessEnv = {}, overrides: Override[] = []): string[] {
  const file = fileWith(t, text);
  const { message } = errorOf(() => loadSettings({ file, environment, overrides }));
  const lines = message.split('\n').map((line) => line.trim().replace(`${file}:`, ''));
  return lines.length > 1 ? lines.slice(1) : lines;
}

const argument = (name: string, path: string[], value: unknown): Override => ({
  origin: { kind: 'argument', name },
  path,
  value,
});

t.test('layers', async (t) => {
  const file = fileWith(t, 'mqtt: {baseTopic: file, connectSeconds: 3, username: file}\nruntime: {threads: 2}\n');
  const environment = { MINSPNET_MQTT__BASE_TOPIC: 'environment', MINSPNET_MQTT__CONNECT_SECONDS: '4' };
  const overrides = [argument('--base-topic', ['mqtt', 'baseTopic'], 'argument')];
  const { settings, originOf } = loadSettings({ file, environment, overrides });
  t.match(settings.mqtt, { baseTopic: 'argument', connectSeconds: 4, username: 'file', broker: { port: 1883 } });
  t.equal(settings.runtime.threads, 2);
  t.strictSame(originOf(['mqtt', 'baseTopic']), { kind: 'argument', name: '--base-topic' });
  t.strictSame(originOf(['mqtt', 'connectSeconds']), { kind: 'environment', name: 'MINSPNET_MQTT__CONNECT_SECONDS' });
  t.strictSame(originOf(['runtime', 'threads']), { kind: 'file', file, line: 2, column: 11 });
  t.strictSame(originOf(['mqtt', 'broker', 'port']), { kind: 'default' });
});

t.test('an argument for a whole mapping takes its place, it is not mixed in', async (t) => {
  const file = fileWith(t, 'cameras: {door: {source: demo}}\n');
  const overrides = [argument('--source', ['cameras'], { camera: { source: 'a.mp4' } })];
  t.strictSame(Object.keys(loadSettings({ file, environment: {}, overrides }).settings.cameras), ['camera']);
});

t.test('nothing at all is the defaults', async (t) => {
  for (const text of ['', '\n', '# only a comment\n', 'mqtt:\nlog:\n  # level: debug\n', '{}', '~']) {
    t.strictSame(
      loadSettings({ file: fileWith(t, text), environment: {} }).settings,
      defaultSettings(),
      JSON.stringify(text),
    );
  }
});

t.test('settings are frozen in their whole depth', async (t) => {
  const { settings } = loadSettings({
    file: fileWith(t, 'cameras: {a: {source: demo, classes: [car]}}\n'),
    environment: {},
  });
  t.throws(() => Object.assign(settings, { node: 'other' }), TypeError);
  t.throws(() => settings.cameras.a?.classes?.push('dog'), TypeError);
  t.throws(() => Object.assign(settings.mqtt.broker, { port: 1 }), TypeError);
});

t.test('every mistake is named with its place, what was found and what is allowed', async (t) => {
  const text = `node: a b
mqtt:
  url: tcp://host
  ulr: mqtt://host
cameras:
  door:
    sorce: demo
    fps: 0
    loop: 'yes'
    zones:
      flat: {polygon: [[0, 0], [1, 1], [0.5, 0.5]]}
    lines:
      point: {from: [0.5, 0.5], to: [0.5, 0.5]}
      far: {from: [0, 0], to: [0, 2]}
  'no/slash': {source: demo}
runtime: {provider: cda, threads: 1.5}
`;
  t.match(complaints(t, text), [
    /^1:1: node: found "a b"; allowed: a name: 1 to 64 letters/,
    /^3:3: mqtt\.url: found "tcp:\/\/host"; allowed: .*mqtt, mqtts, ws or wss/,
    /^4:3: mqtt\.ulr: no such setting; did you mean "url"\?$/,
    /^6:3: cameras\.door\.source: is missing: where the pictures come from/,
    /^7:5: cameras\.door\.sorce: no such setting; did you mean "source"\?$/,
    /^8:5: cameras\.door\.fps: found 0; allowed: a number above 0 and at most 120$/,
    /^9:5: cameras\.door\.loop: found "yes"; allowed: true or false$/,
    /^11:14: cameras\.door\.zones\.flat\.polygon: found .*; allowed: corners that enclose an area$/,
    /^13:7: cameras\.door\.lines\.point: found .*; allowed: two ends that do not coincide$/,
    /^14:35: cameras\.door\.lines\.far\.to\[1\]: found 2; allowed: a number from 0 to 1$/,
    /^15:3: cameras\.no\/slash: found the name "no\/slash"; allowed: a name/,
    /^16:11: runtime\.provider: found "cda"; allowed: auto, cpu, cuda, tensorrt$/,
    /^16:26: runtime\.threads: found 1\.5; allowed: a whole number from 1 to 64$/,
  ]);
  t.equal(complaints(t, text).length, 13);
});

t.test('an unknown name that is near to none is told which there are', async (t) => {
  t.match(complaints(t, 'log: {xyzzy: 1}\n'), [/log\.xyzzy: no such setting; there are level, format$/]);
});

t.test('environment and arguments are named instead of the file', async (t) => {
  const environment = {
    MINSPNET_RUNTIME__THREADS: 'many',
    MINSPNET_MQT__URL: 'mqtt://x',
    MINSPNET_CAMERAS__DOOR__FPS: '5',
  };
  const found = complaints(t, 'node: x\n', environment, [argument('--mqtt', ['mqtt', 'url'], 'host:1883')]);
  t.match(found.sort(), [
    /^\$MINSPNET_CAMERAS__DOOR__FPS: cameras\.door\.source: is missing/,
    /^\$MINSPNET_MQT__URL: no such setting; did you mean \$MINSPNET_MQTT__URL\?$/,
    /^\$MINSPNET_RUNTIME__THREADS: runtime\.threads: found "many"; allowed: a whole number from 1 to 64$/,
    /^--mqtt: mqtt\.url: found "host:1883"; allowed: a broker/,
  ]);
});

t.test('a section that is no mapping is not hidden by a variable for a part of it', async (t) => {
  const environment = { MINSPNET_MQTT__URL: 'mqtt://h' };
  t.match(complaints(t, 'mqtt: hello\n', environment), [/^1:1: mqtt: found "hello"; allowed: a mapping with url,/]);
});

t.test('one mistake is one line', async (t) => {
  t.match(complaints(t, 'outbox: {maxEvents: 0}\n'), [
    /^1:10: outbox\.maxEvents: found 0; allowed: a whole number at least 1$/,
  ]);
});

t.test('a password never stands in a message', async (t) => {
  const text =
    'mqtt: {url: "tcp://me:hunter2@host", password: [hunter2]}\ncameras: {a: {source: "rtps://u:hunter2@h/1"}}\n';
  const found = complaints(t, text);
  t.equal(found.length, 3);
  t.notMatch(found.join('\n'), /hunter2/);
  t.match(found.join('\n'), /found "tcp:\/\/host"/);
});

t.test('a file that is no YAML mapping of settings', async (t) => {
  const cases: Record<string, RegExp> = {
    'node: a\nnode: b\n': /^2:1: this name stands twice/,
    'mqtt:\n\turl: x\n': /^2:1: a tab; YAML is indented with spaces only$/,
    'node: a: b\n': /^1:7: a second `:` in one line/,
    'node: a\n---\nnode: b\n': /a second document begins here/,
    'node: "a\n': /^\d:\d+: Missing closing/,
    'cameras: {a: {source: demo}\nnode: x\n': /^2:1: no `}` closes the `{` before this place/,
    'cameras:\n  a:\n    region: [0, 0, 1, 1\n    fps: 3\n': /^4:5: no `]` closes the `\[` before this place/,
    '[1, 2': /^1:6: no `]` closes the `\[` before this place/,
    'cameras:\n  a:\n    source: demo\n   fps: 3\n': /^4:1: not indented like its neighbours$/,
    'mqtt: {password: !secert x}\n': /^1:18: a `!` begins a tag.*!secret NAME/,
    'node: *none\n': /a `\*` begins an alias/,
    'cameras: &c {a: *c}\n': /nested too deeply, or an anchor that contains itself|Unresolved alias/,
    '- node\n': /^1:1: found \["node"\]; allowed: a mapping with node, cameras/,
    'just words\n': /^1:1: found "just words"; allowed: a mapping/,
    '__proto__: {node: a}\n': /__proto__: no such setting/,
    'cameras: {constructor: {sorce: demo}}\n': /cameras\.constructor\.sorce: no such setting/,
  };
  for (const [text, wanted] of Object.entries(cases))
    t.match(complaints(t, text).join('\n'), wanted, JSON.stringify(text));
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [${'*a,'.repeat(20)}]\nc: &c [${'*b,'.repeat(20)}]\nd: [${'*c,'.repeat(20)}]\n`;
  t.match(complaints(t, bomb)[0], /alias/i);
});

t.test('all mistakes against YAML at once', async (t) => {
  t.match(complaints(t, 'node: a\nnode: b\nlog:\n\tlevel: info\n'), [/^2:1: /, /^4:1: /]);
});

t.test('a file that can’t be read', async (t) => {
  const directory = t.testdir({
    folder: {},
    'latin1.yaml': Buffer.from('node: caf\xe9\n', 'latin1'),
    'big.yaml': `# ${'x'.repeat(1024 * 1024)}\n`,
    'locked.yaml': 'node: a\n',
  });
  const messageFor = (name: string): string => {
    const { message, code, exit } = errorOf(() => loadSettings({ file: join(directory, name), environment: {} }));
    t.match({ code, exit }, { code: 'ERR_CONFIG_FILE', exit: 'input' }, name);
    return message.replace(directory, '');
  };
  t.equal(messageFor('none.yaml'), '/none.yaml: there is no such file');
  t.match(messageFor('latin1.yaml/x'), /no such file/);
  t.match(messageFor('folder'), /^\/folder: is a directory/);
  t.match(messageFor('latin1.yaml'), /is not UTF-8 text/);
  t.match(messageFor('big.yaml'), /^\/big\.yaml: 1048579 bytes; a settings file has at most 1048576$/);
  chmodSync(join(directory, 'locked.yaml'), 0);
  if (process.getuid?.() === 0) t.comment('root may read every file: "may not be read" is not tested here');
  else t.match(messageFor('locked.yaml'), /may not be read by this user/);
});

t.test('a byte order mark and Windows line ends do no harm', async (t) => {
  const file = fileWith(t, '\ufeffnode: a\r\nlog:\r\n  level: warn\r\n');
  t.match(loadSettings({ file, environment: {} }).settings, { node: 'a', log: { level: 'warn' } });
});

t.test('anchors and merge keys work, and a mistake in them has a place', async (t) => {
  const text = 'cameras:\n  a: &a {source: demo, fps: 5}\n  b: {<<: *a, loop: true}\n';
  t.match(loadSettings({ file: fileWith(t, text), environment: {} }).settings.cameras.b, {
    source: 'demo',
    fps: 5,
    loop: true,
  });
  t.match(complaints(t, text.replace('fps: 5', 'fps: -5')), [/^2:24: cameras\.a\.fps/, /^3:3: cameras\.b\.fps/]);
});

t.test('which file is read', async (t) => {
  const directory = t.testdir({ 'minspnet.yaml': 'node: here\n' });
  t.equal(findSettingsFile({ MINSPNET_CONFIG: '/x.yaml' }), '/x.yaml');
  const before = process.cwd();
  t.teardown(() => process.chdir(before));
  process.chdir(directory);
  t.equal(findSettingsFile({}), 'minspnet.yaml');
  t.equal(loadSettings({ environment: {} }).settings.node, 'here');
  t.equal(loadSettings({ environment: { MINSPNET_CONFIG: '' } }).settings.node, 'here');
});

t.test('what a timer can’t hold, and names that JavaScript uses itself, are refused with their place', async (t) => {
  const text = [
    'cameras:',
    '  a: {source: "http://h/v", recovery: {openSeconds: 9999999, frozenSeconds: 99999999}}',
    '  __proto__: {source: demo}',
    '  constructor: {source: demo}',
    'mqtt: {connectSeconds: 9999999, url: "mqtt://user:100%@127.0.0.1:1"}',
    'outbox: {maxAgeHours: 9999999}',
    'events: {updateSeconds: 9999999}',
    '',
  ].join('\n');
  const file = join(t.testdir({ 'a.yaml': text }), 'a.yaml');
  let message = '';
  try {
    loadSettings({ file, environment: {} });
  } catch (error) {
    message = (error as Error).message;
  }
  for (const wanted of [
    /:2:40: cameras\.a\.recovery\.openSeconds: found 9999999; allowed: a number above 0 and at most 86400/,
    /:2:62: cameras\.a\.recovery\.frozenSeconds: .* to 86400/,
    /:3:3: cameras\.__proto__: found the name "__proto__"/,
    /:4:3: cameras\.constructor: found the name "constructor"/,
    /:5:8: mqtt\.connectSeconds: .* at most 86400/,
    /:5:33: mqtt\.url: .*%25/,
    /:6:10: outbox\.maxAgeHours: .* at most 8760/,
    /:7:10: events\.updateSeconds: .* at most 86400/,
  ]) {
    t.match(message, wanted);
  }
  t.throws(() => loadSettings({ environment: { MINSPNET_CAMERAS__CONSTRUCTOR__SOURCE: 'demo' } }), {
    message: /\$MINSPNET_CAMERAS__CONSTRUCTOR__SOURCE: .*"constructor"/,
  });
});

t.test('files with secrets that everybody can read are named', async (t) => {
  const directory = t.testdir({
    'inline.yaml': 'mqtt: {url: "mqtt://me:hunter2@h"}\n',
    'reference.yaml': 'mqtt: {password: !secret broker}\n',
    'secrets.yaml': 'broker: hunter2\n',
  });
  const secrets = join(directory, 'secrets.yaml');
  const exposed = (name: string) => loadSettings({ file: join(directory, name), environment: {} }).exposed;
  for (const name of ['inline.yaml', 'reference.yaml', 'secrets.yaml']) chmodSync(join(directory, name), 0o644);
  t.strictSame(exposed('inline.yaml'), [join(directory, 'inline.yaml'), secrets]);
  t.strictSame(exposed('reference.yaml'), [secrets]);
  chmodSync(secrets, 0o640);
  t.strictSame(exposed('reference.yaml'), []);
});

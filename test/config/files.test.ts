import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { isFreeAt, namesAt, type SettingSchema, schemaAt, settingsJsonSchema } from '../../src/config/json-schema.js';
import { defaultSettings, loadSettings } from '../../src/config/load.js';
import type { SettingPath } from '../../src/config/path.js';

const defaultFile = readFileSync('config/default.yaml', 'utf8');
/** The same with every setting in force: `# name: value` is one that is commented out, `## text` is prose. */
const everySetting = defaultFile.replaceAll(/^( *)# (?!yaml-language-server)/gm, '$1').replaceAll(/^\w+: \{\}\n/gm, '');

/** Every setting's name with its default, `*` for a name that the user chooses. */
function leaves(schema: SettingSchema, path: string[] = []): { path: string[]; default: unknown }[] {
  if (schema.additionalProperties) return leaves(schema.additionalProperties, [...path, '*']);
  if (!schema.properties) return [{ path, default: schema.default }];
  return Object.entries(schema.properties).flatMap(([name, child]) => leaves(child, [...path, name]));
}

/** The value at a path, where `*` is any name of its mapping that has what follows. */
function pick(value: unknown, [step, ...rest]: readonly string[]): unknown {
  if (step === undefined) return value;
  const mapping = (value ?? {}) as Record<string, unknown>;
  const children = step === '*' ? Object.values(mapping) : [mapping[step]];
  return children.map((child) => pick(child, rest)).find((found) => found !== undefined);
}

t.test('config/default.yaml holds the defaults', async (t) => {
  t.strictSame(loadSettings({ file: 'config/default.yaml', environment: {} }).settings, defaultSettings());
});

t.test('config/default.yaml names every setting, with its default where it has one', async (t) => {
  const written = parse(everySetting, { customTags: [{ tag: '!secret', resolve: (name: string) => name }] });
  const all = leaves(settingsJsonSchema());
  t.ok(all.length >= 35, `${all.length} settings`);
  for (const { path, default: wanted } of all) {
    const found = pick(written, path);
    t.not(found, undefined, path.join('.'));
    if (wanted !== undefined) t.strictSame(found, wanted, path.join('.'));
  }
});

t.test('config/default.yaml is good with every comment taken away', async (t) => {
  const directory = t.testdir({ 'all.yaml': everySetting });
  const environment = {
    MINSPNET_SECRET_BROKER: 'x',
    MINSPNET_SECRET_OWN_BROKER: 'long enough',
    MINSPNET_SECRET_STREET: 'x',
    MINSPNET_SECRET_HTTP: 'long-enough-to-be-a-token',
  };
  const load = { file: join(directory, 'all.yaml'), environment };
  t.ok(loadSettings(load).settings.cameras.door?.lines.gate);
});

t.test('every example is good as it is, and points editors at the schema', async (t) => {
  const examples = readdirSync('config').filter((name) => name.endsWith('.yaml') && name !== 'secrets.yaml');
  t.ok(examples.length >= 3);
  const environment = { MINSPNET_SECRET_BROKER: 'x', MINSPNET_SECRET_STREET_ADDRESS: 'rtsp://a:b@192.0.2.1/1' };
  for (const name of examples) {
    const file = join('config', name);
    t.doesNotThrow(() => loadSettings({ file, environment }), name);
    t.match(readFileSync(file, 'utf8'), /^# yaml-language-server: \$schema=\.\/schema\.json\n/, name);
  }
});

t.test('config/schema.json is up to date', async (t) => {
  const written = JSON.parse(readFileSync('config/schema.json', 'utf8'));
  t.strictSame(written, JSON.parse(JSON.stringify(settingsJsonSchema())), 'else: npm run schema');
});

t.test('what may stand where', async (t) => {
  const compare = (schema: SettingSchema, path: SettingPath) => {
    const same = (value: object | undefined) => ({ ...value, $schema: undefined, title: undefined });
    t.strictSame(same(schemaAt(path)), same(schema), path.join('.'));
    t.strictSame(namesAt(path), Object.keys(schema.properties ?? {}), path.join('.'));
    t.equal(isFreeAt(path), Boolean(schema.additionalProperties), path.join('.'));
    for (const [name, child] of Object.entries(schema.properties ?? {})) compare(child, [...path, name]);
    if (schema.additionalProperties) compare(schema.additionalProperties, [...path, 'any']);
    if (schema.items) compare(schema.items, [...path, 0]);
    for (const [i, child] of (schema.prefixItems ?? []).entries()) compare(child, [...path, i]);
  };
  compare(settingsJsonSchema(), []);
  t.equal(schemaAt(['cameras', 'any', 'zones', 'any', 'polygon', 3, 0])?.maximum, 1);
  t.equal(schemaAt(['cameras', 'any', 'classes', 0])?.type, 'string');
  t.equal(schemaAt(['nothing']), undefined);
  t.equal(schemaAt(['toString']), undefined);
  t.equal(schemaAt(['node', 'x']), undefined);
});

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

/** The command line of the program as a person starts it: without the hooks that tap gives to every Node. */
const program = ['-u', 'NODE_OPTIONS', process.execPath, 'dist/src/cli.js'];

/** Runs the real program to its end. */
function minspnet(args: string[], environment: NodeJS.ProcessEnv = {}) {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('MINSPNET_'));
  const env = { ...Object.fromEntries(own), ...environment };
  const { status, stdout, stderr } = spawnSync('env', [...program, ...args], { encoding: 'utf8', env });
  return { status, stdout, stderr };
}

t.test('help and version', async (t) => {
  const help = minspnet(['--help']);
  t.match(help, { status: 0, stderr: '', stdout: /run \[options\][\s\S]*Exit codes:\n +0 / });
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  t.strictSame(minspnet(['--version']), { status: 0, stdout: `${version}\n`, stderr: '' });
});

t.test('what nobody offers ends with 64', async (t) => {
  const cases: [string[], RegExp][] = [
    [['rum'], /unknown command 'rum'[\s\S]*Did you mean run\?/],
    [['run', '--sauce', 'x'], /unknown option '--sauce'/],
    [['run', '--pace', 'fast'], /Allowed choices are realtime, max/],
    [['run', '--loop'], /--loop and --pace are about the file of --source/],
    [['detect'], /missing required argument 'file'/],
    [['detect', 'a.jpg', '--size', '320'], /Write WIDTHxHEIGHT/],
    [['detect', 'a.jpg', '--min-score', '2'], /Write a number from 0 to 1/],
    [['explain', 'yard', '--at', '0.5,1.2'], /Write two fractions of the picture/],
    [['explain', 'yard', '--at', '0.5,'], /Write two fractions of the picture/],
    [['config', 'check', 'a', 'b'], /too many arguments/],
    [[], /Usage: minspnet/],
  ];
  for (const [args, message] of cases) {
    t.match(minspnet(args), { status: 64, stdout: '', stderr: message }, args.join(' '));
  }
});

t.test('config check', async (t) => {
  const directory = t.testdir({
    'good.yaml': 'node: a\nmqtt: {password: !secret broker}\n',
    'bad.yaml': 'nod: a\nruntime: {threads: 0}\n',
  });
  const good = join(directory, 'good.yaml');
  const bad = join(directory, 'bad.yaml');
  t.match(minspnet(['config', 'check', good]), {
    status: 0,
    stdout: /: no errors\n.*note: the secret "broker" is not here/,
  });
  t.strictSame(minspnet(['config', 'check', good], { MINSPNET_SECRET_BROKER: 'x', MINSPNET_NONSENSE: 'x' }), {
    status: 0,
    stdout: `${good}: no errors\n`,
    stderr: '',
  });
  t.strictSame(minspnet(['config', 'check', bad]), {
    status: 78,
    stdout: '',
    stderr:
      'error: 2 errors in the configuration\n' +
      `  ${bad}:1:1: nod: no such setting; did you mean "node"?\n` +
      `  ${bad}:2:11: runtime.threads: found 0; allowed: a whole number from 1 to 64 [ERR_CONFIG_INVALID]\n`,
  });
  t.match(minspnet(['config', 'check', join(directory, 'none.yaml')]), {
    status: 66,
    stderr: /no such file \[ERR_CONFIG_FILE\]\n$/,
  });
});

t.test('config show masks secrets and says where each setting was given', async (t) => {
  const directory = t.testdir({
    'a.yaml': 'mqtt:\n  url: mqtt://me:hunter2@h\n  password: !secret broker\nmodel: {size: [320, 192]}\n',
    'secrets.yaml': 'broker: hunter2\n',
  });
  const file = join(directory, 'a.yaml');
  const shown = minspnet(['config', 'show', '--config', file], { MINSPNET_NODE: 'porch' });
  t.match(shown, { status: 0, stderr: '' });
  t.notMatch(shown.stdout, /hunter2/);
  for (const line of [
    'node: porch # $MINSPNET_NODE',
    `  url: mqtt://h # ${file}:2:3`,
    `  password: "***" # ${file}:3:3`,
    `  size: [ 320, 192 ] # ${file}:4:9`,
    '  baseTopic: minspnet',
  ]) {
    t.ok(shown.stdout.split('\n').includes(line), line);
  }
});

t.test('config schema', async (t) => {
  t.strictSame(
    JSON.parse(minspnet(['config', 'schema']).stdout),
    JSON.parse(readFileSync('config/schema.json', 'utf8')),
  );
});

t.test('a reader that leaves early is no error', async (t) => {
  const child = spawn('env', [...program, 'config', 'schema'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  const errors: Buffer[] = [];
  child.stderr.on('data', (data) => errors.push(data));
  t.strictSame(await once(child, 'close'), [0, null]);
  t.equal(Buffer.concat(errors).toString(), '');
});

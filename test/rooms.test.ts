import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import t from 'tap';

/** Which room may import which, as docs/architecture.md has it. `biome.json` holds the same as lint rules. */
const rooms: Record<string, readonly string[]> = {
  contract: [],
  timing: [],
  config: ['timing', 'contract'],
  device: ['timing', 'contract', 'config'],
  model: ['timing', 'contract'],
  session: ['timing', 'contract'],
  mqtt: ['timing', 'contract', 'config', 'session'],
  client: ['timing', 'contract', 'session'],
  learn: ['timing', 'contract', 'config'],
  history: ['timing', 'contract', 'config'],
  http: ['timing', 'contract', 'config'],
  pipeline: ['timing', 'contract', 'config', 'device'],
  engine: ['timing', 'contract', 'config', 'device', 'pipeline'],
  daemon: ['timing', 'contract', 'config', 'device', 'model', 'session', 'mqtt', 'client', 'learn', 'history', 'http'],
  bench: ['timing', 'contract', 'config', 'device', 'model', 'session', 'mqtt', 'pipeline'],
  commands: [
    'timing',
    'contract',
    'config',
    'device',
    'model',
    'session',
    'mqtt',
    'client',
    'learn',
    'history',
    'http',
    'pipeline',
    'engine',
    'daemon',
    'bench',
  ],
};
const native = ['node-av', 'node-av/api', 'onnxruntime-node'];
/** They also run in browsers. */
const withoutNode = ['session', 'client'];
const mayUseNative = ['pipeline', 'engine', 'bench', 'commands'];

/** What a room's file tries to import, and which of it must be refused. */
function attempts(room: string, allowed: readonly string[], up: string): { all: string[]; refused: string[] } {
  const others = Object.keys(rooms).filter((other) => other !== room);
  const specifierOf = (other: string) => `${up}${other}/x.js`;
  const protocol = `${up}engine/protocol.js`;
  const refused = others.filter((other) => !allowed.includes(other)).map(specifierOf);
  if (!['engine', 'daemon', 'commands'].includes(room)) refused.push(protocol);
  if (!mayUseNative.includes(room)) refused.push(...native);
  if (withoutNode.includes(room)) refused.push('node:fs');
  return { all: ['node:fs', './x.js', ...others.map(specifierOf), protocol, ...native], refused };
}

t.test('the linter keeps the rooms apart', async (t) => {
  const probes = Object.entries(rooms).flatMap(([room, allowed]) => [
    { file: `src/${room}/probe.ts`, ...attempts(room, allowed, '../') },
    { file: `src/${room}/folder/probe.ts`, ...attempts(room, allowed, '../../') },
  ]);
  // The page lies beside src/, and may have types of the contract only; zod would come with anything else of it.
  const page = attempts('web', ['contract'], '../../src/');
  const probe = { file: 'web/src/probe.ts', all: [...page.all, 'zod'], refused: [...page.refused, 'zod'] };
  probes.push(probe);
  const textOf = (specifiers: string[]) => specifiers.map((specifier) => `import '${specifier}';\n`).join('');
  const source = Object.fromEntries(
    Object.keys(rooms).map((room) => {
      const textAt = (file: string) => textOf(probes.find((probe) => probe.file === file)?.all ?? []);
      const folder = { 'probe.ts': textAt(`src/${room}/folder/probe.ts`) };
      return [room, { 'probe.ts': textAt(`src/${room}/probe.ts`), folder }];
    }),
  );
  const web = { src: { 'probe.ts': textOf(probe.all) } };
  const cwd = t.testdir({ 'biome.json': readFileSync('biome.json', 'utf8'), src: source, web });
  const args = [
    resolve('node_modules/.bin/biome'),
    'lint',
    '--reporter=github',
    '--max-diagnostics=none',
    'src',
    'web',
  ];
  const { stdout } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });
  for (const { file, all, refused } of probes) {
    const found = [...stdout.matchAll(/noRestrictedImports,file=([^,]+),line=(\d+)/g)].filter(
      ([, at]) => at === join(cwd, file),
    );
    const named = new Set(found.map(([, , line]) => all[Number(line) - 1] ?? '?'));
    t.strictSame([...named].sort(), [...refused].sort(), file);
  }
});

/** The packages that a program loads at its start, with all that it imports: what is imported on demand is not among them. */
async function packagesOf(program: string): Promise<string[]> {
  const entry = `dist/src/${program}`;
  const options = { bundle: true, platform: 'node', format: 'esm', packages: 'external', outdir: 'unwritten' } as const;
  const { metafile } = await build({ entryPoints: [entry], ...options, write: false, metafile: true });
  const packages = new Set<string>();
  const files = new Set([entry]);
  for (const file of files) {
    for (const { path, kind, external } of metafile.inputs[file]?.imports ?? []) {
      if (kind === 'dynamic-import') continue;
      if (!external) files.add(path);
      else if (!path.startsWith('node:')) packages.add(path);
    }
  }
  return [...packages].sort();
}

// Each package that a start waits for is a tenth of a second of a small board, and some MB of its memory.
t.test('a program loads no more packages at its start than it needs', async (t) => {
  t.strictSame(await packagesOf('cli.js'), ['commander']);
  t.strictSame(await packagesOf('commands/run.js'), ['yaml', 'zod'], 'the settings; the engine is launched then');
  t.strictSame(await packagesOf('commands/run-daemon.js'), ['eventemitter3', 'mqtt', 'pino', 'yaml', 'zod']);
  t.strictSame(await packagesOf('engine/main.js'), []);
  t.strictSame(await packagesOf('engine/engine.js'), ['onnxruntime-node']);
  t.strictSame(await packagesOf('pipeline/capture/capture-thread.js'), ['node-av/constants', 'node-av/lib']);
});

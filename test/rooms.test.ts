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

t.test('neither an engine nor its capture threads load what checks settings and messages: 4 MB in each', async (t) => {
  const programs = ['dist/src/engine/main.js', 'dist/src/pipeline/capture/capture-thread.js'];
  const options = { bundle: true, platform: 'node', format: 'esm', packages: 'external', outdir: 'unwritten' } as const;
  const { metafile } = await build({ entryPoints: programs, ...options, write: false, metafile: true });
  const packages = Object.values(metafile.inputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  t.ok(packages.includes('node-av/lib') && packages.includes('onnxruntime-node'), 'what they do load is found');
  t.notOk(packages.includes('zod'));
});

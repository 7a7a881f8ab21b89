/**
 * The licences of all that is shipped, read from what is shipped: package.json of each package, and the configuration
 * that FFmpeg's binary holds. `npm run licences` writes them into docs/licences.md; a test fails while that differs.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { repository, Shipped } from './shipped.js';

/** Licences that ask no more of who ships them than to keep their text, which the packages do. */
const permissive = new Set(['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT']);

/** Libraries in FFmpeg's binary that are neither permissive nor under the LGPL. */
const ffmpegParts: Record<string, string> = {
  'libfdk-aac': 'Fraunhofer’s own licence, which grants no patents; the FSF holds it to be incompatible with the GPL',
  libx264: 'GPL 2 or later',
  libx265: 'GPL 2 or later',
  libzvbi: 'GPL 2 or later in parts, else LGPL 2',
};

/** @throws when a package says nothing about its licence, or one that nobody has looked at */
export function licencesOf(root = repository): { licence: string; packages: string[] }[] {
  const found = new Map<string, Set<string>>();
  for (const { name, path } of new Shipped(root).bundled()) {
    const { license } = JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'));
    if (typeof license !== 'string' || !permissive.has(license)) {
      throw new Error(
        `${path} is under ${JSON.stringify(license)}: see what that means for who ships it, then list it`,
      );
    }
    found.set(license, (found.get(license) ?? new Set()).add(name));
  }
  return [...found]
    .map(([licence, names]) => ({ licence, packages: [...names].sort() }))
    .sort((a, b) => b.packages.length - a.packages.length);
}

/** Packages of the bundle in whose folders lies no text of their licence. */
export function withoutText(root = repository): string[] {
  const text = /^(?:licen[cs]e|copying|notice)/i;
  const bare = new Shipped(root)
    .bundled()
    .filter(({ path }) => !readdirSync(join(root, path)).some((file) => text.test(file)));
  return bare.map(({ name }) => name);
}

/** How the shipped FFmpeg was built: the arguments of its `configure`, as its binary for this processor holds them. */
export function ffmpegConfiguration(): string[] {
  const require = createRequire(import.meta.url);
  const binary = readFileSync(require.resolve(`@seydx/node-av-linux-${process.arch}/node-av.node`));
  const at = binary.indexOf('--prefix=/ffbuild');
  if (at < 0) throw new Error('FFmpeg’s binary does not say how it was built: its licence has to be found out anew');
  return binary.subarray(at, binary.indexOf(0, at)).toString('latin1').split(' ');
}

/** What the shipped networks were trained with, by the licence that their cards name. */
function trainingData(): string[] {
  const teachers = new Set<string>();
  const found = new Map<string, Set<string>>();
  const add = (licence: string, source: string) => found.set(licence, (found.get(licence) ?? new Set()).add(source));
  for (const model of readdirSync(join(repository, 'models'))) {
    const { lineage } = JSON.parse(readFileSync(join(repository, 'models', model, 'card.json'), 'utf8'));
    for (const { source, licence } of lineage.data) add(licence, source);
    if (lineage.teacher !== undefined) teachers.add(lineage.teacher);
  }
  return [
    ...[...found].map(([licence, sources]) => `- ${licence}: ${[...sources].sort().join(', ')}`).sort(),
    `- teachers, which labelled what people had not: ${[...teachers].sort().join(', ')}`,
  ];
}

/** The generated parts of docs/licences.md, by name. */
function generated(): Record<string, string[]> {
  const configuration = ffmpegConfiguration();
  const has = (option: string) => configuration.includes(`--enable-${option}`);
  const terms = ['gpl', 'version3', 'nonfree'].map(
    (option) => `${has(option) ? 'with' : 'without'} \`--enable-${option}\``,
  );
  const libraries = configuration.flatMap(
    (each) => /^--enable-(lib\S+|openssl|chromaprint|whisper)/.exec(each)?.[1] ?? [],
  );
  return {
    packages: licencesOf().map(({ licence, packages }) => `- ${licence}: ${packages.join(', ')}`),
    ffmpeg: [
      `- Built ${terms.join(', ')}.`,
      `- With these libraries in it: ${libraries.join(', ')}`,
      ...Object.entries(ffmpegParts).flatMap(([name, licence]) => (has(name) ? [`- ${name}: ${licence}`] : [])),
    ],
    data: trainingData(),
  };
}

/** Lines of at most 118 characters; what goes on is indented. */
function wrap(line: string): string {
  const lines = [''];
  for (const word of line.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last.length + word.length > 117) lines.push(`  ${word}`);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines.join('\n');
}

/** A document with the generated parts made anew; each stands between two comments that name it. */
export function withGenerated(document: string): string {
  return Object.entries(generated()).reduce((text, [name, lines]) => {
    const [begin, end] = [`<!-- ${name}: made by npm run licences -->`, `<!-- end of ${name} -->`];
    const [before, rest = ''] = text.split(begin);
    const [, after] = rest.split(end);
    if (after === undefined) throw new Error(`docs/licences.md has lost its lines ${begin} and ${end}`);
    return `${before}${begin}\n\n${lines.map(wrap).join('\n')}\n\n${end}${after}`;
  }, document);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = join(repository, 'docs/licences.md');
  writeFileSync(file, withGenerated(readFileSync(file, 'utf8')));
}

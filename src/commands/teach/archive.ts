import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { z } from 'zod';
import { loadSettings } from '../../config/load.js';
import type { Redactor } from '../../config/mask.js';
import { exitCodes, SourceError, TeachError } from '../../contract/errors.js';
import { isTaught, parseCard } from '../../contract/model-card.js';
import { modelsIn, openStateDirectory } from '../../daemon/state-directory.js';
import { keptPictures, NewVersion, namePattern, picturesFolder } from '../../learn/store.js';
import { findFolder } from '../../model/load.js';
import { writeOutput } from '../output-file.js';
import { lockLessons } from './gather.js';

/** A model of 10,000 pictures is smaller. */
const mostBytes = 512 << 20;

/** One gzipped JSON document: files of the model by their paths, in base64. */
const archive = z.object({
  archiveVersion: z.literal(1),
  name: z.string().regex(namePattern),
  files: z.record(
    z
      .string()
      .regex(/^(?:card\.json|head\.json|[a-z-]+\.svg|pictures\/[A-Za-z0-9_-]{1,64}\/[A-Za-z0-9_.~-]{1,128}\.jpg)$/),
    z.base64(),
  ),
});

/** `minspnet teach export`: a taught model with its pictures as one file. */
export async function exportModel(
  name: string,
  { output = `${name}.minspnet`, config }: { output?: string; config?: string },
  redactor: Redactor,
): Promise<number> {
  const { settings } = loadSettings({ file: config, redactor });
  const models = modelsIn(await openStateDirectory(settings.stateDirectory));
  const folder = await findFolder(name, [models]);
  const card = parseCard(JSON.parse(await readFile(join(folder, 'card.json'), 'utf8')));
  if (!isTaught(card)) {
    throw new TeachError('ERR_TEACH_NAME', 'usage', `${name} was not taught; copy its folder ${folder} as it is.`);
  }
  const names = ['card.json', card.files.head.file, 'confusion.svg', 'learning-curve.svg'];
  const pictures = (await keptPictures(folder)).map(({ path }) => path.slice(folder.length + 1));
  const files: Record<string, string> = {};
  for (const file of [...names, ...pictures]) files[file] = await readFile(join(folder, file), 'base64');
  const bytes = await promisify(gzip)(JSON.stringify({ archiveVersion: 1, name: card.name, files }));
  await writeOutput(output, bytes);
  process.stdout.write(`${output}  ${card.name} ${card.version}, ${pictures.length} pictures, ${bytes.length} bytes\n`);
  return exitCodes.ok;
}

/** `minspnet teach import`: nothing of it is used before all of it is checked and written. */
export async function importModel(
  file: string,
  { name: asked, config }: { name?: string; config?: string },
  redactor: Redactor,
): Promise<number> {
  const { settings } = loadSettings({ file: config, redactor });
  const state = await openStateDirectory(settings.stateDirectory);
  const { name: own, files } = await readArchive(file);
  const name = asked ?? own;
  if (!namePattern.test(name)) throw new TeachError('ERR_TEACH_NAME', 'usage', `"${name}" is no name for a model.`);
  await using _ = await lockLessons(state, name);
  const version = await NewVersion.begin(modelsIn(state), name);
  try {
    for (const [path, content] of Object.entries(files)) {
      const bytes = Buffer.from(content, 'base64');
      const isRenamed = path === 'card.json' && name !== own;
      await version.write(path, isRenamed ? renamed(bytes, name) : bytes);
    }
    await version.publish();
  } catch (error) {
    await version.discard();
    throw error;
  }
  const pictures = Object.keys(files).filter((path) => path.startsWith(picturesFolder)).length;
  process.stdout.write(`${name} is here, with ${pictures} pictures\n`);
  return exitCodes.ok;
}

function renamed(card: Buffer, name: string): string {
  return `${JSON.stringify({ ...JSON.parse(card.toString('utf8')), name }, null, 2)}\n`;
}

/** @throws {SourceError} ERR_SOURCE_OPEN, ERR_SOURCE_FORMAT */
async function readArchive(file: string): Promise<z.infer<typeof archive>> {
  const bytes = await stat(file)
    .then(({ size }) => (size > mostBytes ? Promise.reject(new Error(`it has ${size} bytes`)) : readFile(file)))
    .catch((cause: Error) => {
      throw new SourceError('ERR_SOURCE_OPEN', 'input', `${file} can’t be read: ${cause.message}.`, { cause });
    });
  try {
    const text = await promisify(gunzip)(bytes, { maxOutputLength: 2 * mostBytes });
    const content = archive.parse(JSON.parse(text.toString('utf8')));
    const card = parseCard(JSON.parse(Buffer.from(content.files['card.json'] ?? '', 'base64').toString('utf8')));
    if (!isTaught(card)) throw new Error('its card is not that of a taught model');
    const head = Buffer.from(content.files[card.files.head.file] ?? '', 'base64');
    const sum = createHash('sha256').update(head).digest('hex');
    if (sum !== card.files.head.sha256) throw new Error('its head is not the one that its card names');
    return content;
  } catch (cause) {
    const what = `${file} is no model that “minspnet teach export” has written, or it is damaged`;
    throw new SourceError('ERR_SOURCE_FORMAT', 'source', `${what}: ${(cause as Error).message.split('\n')[0]}.`, {
      cause,
    });
  }
}

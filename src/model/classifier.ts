import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ModelError } from '../contract/errors.js';
import type { TaughtHead, VerifiedClassifier } from '../contract/head.js';
import { head } from '../contract/head-file.js';
import { isTaught, type Precision, type TaughtCard } from '../contract/model-card.js';
import { findFolder, loadModel, readCard, verifyFile } from './load.js';

/**
 * A classifier, or a head that was taught together with the network whose embeddings it reads. Each file is compared with
 * its card.
 *
 * @param model a name, or a folder with a card.json
 * @param places folders of models, besides that of those that come with us
 * @throws {ModelError} as `loadModel` does; ERR_MODEL_BASE where the network is of another version than was taught on
 */
export async function loadClassifier(
  model: string,
  precision: Precision | 'auto',
  places: readonly string[] = [],
): Promise<VerifiedClassifier> {
  const folder = await findFolder(model, places);
  const card = await readCard(join(folder, 'card.json'));
  if (!isTaught(card)) return { base: await loadModel(folder, precision, 'classify') };
  const { name, version } = card.output.base;
  const base = await loadModel(name, precision, 'classify', places);
  if (base.card.version !== version) {
    const what = `${card.name} was taught on ${name} ${version}, and ${base.card.version} is here, whose embeddings differ.`;
    throw new ModelError('ERR_MODEL_BASE', 'model', `${what} Teach it again: minspnet teach ${card.name} --again`);
  }
  return { base, taught: await readHead(folder, card) };
}

async function readHead(folder: string, card: TaughtCard): Promise<TaughtHead> {
  const path = join(folder, card.files.head.file);
  await verifyFile(path, card.files.head.sha256);
  const { success, data, error } = head.safeParse(JSON.parse(await readFile(path, 'utf8')));
  if (success && data.classes.join('\n') === card.classes.join('\n')) return { card, head: data };
  const what = `${path} is no head of ${card.name}${error ? `: ${error.issues[0]?.message}` : ', but of other classes'}.`;
  throw new ModelError('ERR_MODEL_CORRUPT', 'model', `${what} Teach it again: minspnet teach ${card.name} --again`);
}

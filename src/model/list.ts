import { readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { ModelCard } from '../contract/model-card.js';
import { readCard, shipped } from './load.js';

export interface ListedModel {
  card: ModelCard;
  /** The folder that its card lies in. */
  folder: string;
}

/**
 * The models that are here: those that come with us, and those beside the one in use. Folders without a card, or with one
 * that can't be read, are passed over.
 *
 * @param inUse path of the file in use
 */
export async function listModels(inUse: string): Promise<ListedModel[]> {
  const parents = new Set([resolve(shipped), dirname(dirname(resolve(inUse)))]);
  const models: ListedModel[] = [];
  for (const parent of parents) {
    for (const name of (await readdir(parent).catch(() => [])).toSorted()) {
      const folder = join(parent, name);
      const card = await readCard(join(folder, 'card.json')).catch(() => undefined);
      if (card !== undefined) models.push({ card, folder });
    }
  }
  return models;
}

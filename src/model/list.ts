import { readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { isTaught, type ModelCard, type Task } from '../contract/model-card.js';
import { readCard, shipped } from './load.js';

export interface ListedModel<T extends Task = 'detect'> {
  card: ModelCard<T>;
  /** The folder that its card lies in. */
  folder: string;
}

/**
 * The models of one task that are here: those that come with us, and those beside the one in use. Folders without a card,
 * or with one that can't be read, are passed over, and heads that were taught, which are no network of their own.
 *
 * @param inUse path of the file in use
 * @param places folders of models, besides
 */
export async function listModels(inUse: string): Promise<ListedModel[]>;
export async function listModels<T extends Task>(
  inUse: string,
  task: T,
  places?: readonly string[],
): Promise<ListedModel<T>[]>;
export async function listModels(
  inUse: string,
  task: Task = 'detect',
  places: readonly string[] = [],
): Promise<ListedModel<Task>[]> {
  const parents = new Set([
    resolve(shipped),
    dirname(dirname(resolve(inUse))),
    ...places.map((place) => resolve(place)),
  ]);
  return await modelsBelow(parents, task);
}

/** Those that come with us. */
export function shippedModels<T extends Task>(task: T): Promise<ListedModel<T>[]> {
  return modelsBelow([shipped], task);
}

async function modelsBelow<T extends Task>(parents: Iterable<string>, task: T): Promise<ListedModel<T>[]> {
  const models: ListedModel<T>[] = [];
  for (const parent of parents) {
    for (const name of (await readdir(parent).catch(() => [])).toSorted()) {
      if (name.startsWith('.')) continue; // on its way in or out
      const folder = join(parent, name);
      const card = await readCard(join(folder, 'card.json')).catch(() => undefined);
      if (card?.task === task && !isTaught(card)) models.push({ card: card as ModelCard<T>, folder });
    }
  }
  return models;
}

import { loadSettings } from '../config/load.js';
import type { Redactor } from '../config/mask.js';
import { exitCodes, MinspnetError, ModelError } from '../contract/errors.js';
import type { VerifiedModel } from '../contract/model-card.js';
import { modelsIn, openStateDirectory } from '../daemon/state-directory.js';
import { listModels } from '../model/list.js';
import { ModelStore, type StoredModel } from '../model/store.js';
import { tryNetwork } from './doctor/model.js';

export interface ModelOptions {
  config?: string;
}

export interface ModelAddOptions extends ModelOptions {
  sha256?: string;
  allowOlder?: boolean;
}

/** `minspnet model add SOURCE`: a model from an address or a folder, checked and tested before it is there. */
export async function modelAdd(source: string, options: ModelAddOptions, redactor: Redactor): Promise<number> {
  const { settings, store } = await open(options, redactor);
  const { keys } = settings.model;
  const selfTest = async (model: VerifiedModel) => {
    const loaded = await tryNetwork(model, settings.runtime).catch((cause) => {
      const what = `${model.path}: the process that tried it ended: ${(cause as Error).message.split('\n')[0]}.`;
      throw new ModelError('ERR_MODEL_SELF_TEST', 'model', `${what} The model is refused.`, { cause });
    });
    if ('error' in loaded) throw MinspnetError.revive(loaded.error);
  };
  const { sha256, allowOlder } = options;
  tell(await store.add(source, { keys, sha256, allowOlder: allowOlder ?? false, selfTest }));
  process.stdout.write('It runs with `model.path` set to its name, after `systemctl reload minspnet`.\n');
  return exitCodes.ok;
}

/** `minspnet model list`: those that come with us, and those that were added. */
export async function modelList(options: ModelOptions, redactor: Redactor): Promise<number> {
  const { settings, store } = await open(options, redactor);
  const added = await store.list();
  const shipped = (await listModels('')).filter(({ card }) => !added.some((one) => one.card.name === card.name));
  for (const one of [...shipped.map((model) => ({ ...model, previous: undefined })), ...added]) {
    const mark = settings.model.path === one.card.name ? '* ' : '  ';
    process.stdout.write(mark);
    tell(one);
  }
  return exitCodes.ok;
}

/** `minspnet model remove NAME` */
export async function modelRemove(name: string, options: ModelOptions, redactor: Redactor): Promise<number> {
  const { settings, store } = await open(options, redactor);
  if (settings.model.path === name) {
    throw new ModelError('ERR_MODEL_IN_USE', 'usage', `\`model.path\` names ${name}: change it first, and reload.`);
  }
  await store.remove(name);
  return exitCodes.ok;
}

/** `minspnet model rollback NAME`: the version before. */
export async function modelRollback(name: string, options: ModelOptions, redactor: Redactor): Promise<number> {
  const { store } = await open(options, redactor);
  tell(await store.rollback(name));
  return exitCodes.ok;
}

async function open(options: ModelOptions, redactor: Redactor) {
  const { settings } = loadSettings({ file: options.config, redactor });
  const store = new ModelStore(modelsIn(await openStateDirectory(settings.stateDirectory)));
  return { settings, store };
}

function tell({ card, folder, previous }: StoredModel): void {
  const { name, version, output, classes, files } = card;
  const before = previous === undefined ? '' : `, before ${previous}`;
  const kinds = `${output.decoder}, ${classes.length} classes, ${Object.keys(files).join(' and ')}`;
  process.stdout.write(`${name} ${version}${before} (${kinds}) in ${folder}\n`);
}

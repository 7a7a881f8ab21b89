import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ModelError } from '../contract/errors.js';
import type { ModelCard, VerifiedModel } from '../contract/model-card.js';
import { download, downloadTo } from './download.js';
import { loadModel, readCard } from './load.js';
import { isSigned } from './signature.js';

export interface AddOptions {
  /** Whoever has one of these keys may offer models at an address: base64 of 32 bytes, ed25519. */
  keys: readonly string[];
  /** Of the card, in hexadecimal: what was asked for is what comes. */
  sha256?: string | undefined;
  /** An older version than the one that is here may take its place. */
  allowOlder?: boolean;
  /** Throws where the model does not work. */
  selfTest: (model: VerifiedModel) => Promise<void>;
}

export interface StoredModel {
  card: ModelCard;
  folder: string;
  /** The version that `rollback` brings back. */
  previous: string | undefined;
}

/** A card is some kilobytes. */
const mostCardBytes = 1024 * 1024;
/** The longest model file that is taken, bytes. */
const mostFileBytes = 2 ** 31;
/** The versions that were replaced; no model's name begins with a dot. */
const previousFolder = '.previous';

/**
 * The models that were put on this board: a folder each, named like the model. One that is added is staged beside them,
 * checked and tested, and takes its place in one step, so that whatever fails leaves what was there.
 */
export class ModelStore {
  constructor(readonly directory: string) {}

  /**
   * @param source a folder, or the `https:` or `file:` address of a card.json, beside which its files and the signature
   * `card.json.sig` lie
   * @throws {ModelError} ERR_MODEL_SIGNATURE, ERR_MODEL_OLDER, ERR_MODEL_DOWNLOAD, ERR_MODEL_CORRUPT, ERR_MODEL_CARD, …
   */
  async add(source: string, options: AddOptions): Promise<StoredModel> {
    await mkdir(this.directory, { recursive: true });
    const staged = await mkdtemp(join(this.directory, '.staged-'));
    try {
      if (/^[a-z]+:\/\//.test(source)) await fetchModel(new URL(source), staged, options);
      else await copyModel(source, staged, options.sha256);
      const model = await loadModel(staged, 'auto');
      await this.#mustBeNewer(model.card, options.allowOlder ?? false);
      await options.selfTest(model);
      await this.#activate(staged, requireName(model.card.name));
      return await this.#find(model.card.name);
    } finally {
      await rm(staged, { recursive: true, force: true });
    }
  }

  /**
   * What lies at an address now, of which nothing is taken yet.
   *
   * @throws {ModelError} ERR_MODEL_SIGNATURE, ERR_MODEL_DOWNLOAD, ERR_MODEL_CARD
   */
  async offered(source: string, { keys }: Pick<AddOptions, 'keys'>): Promise<ModelCard> {
    const bytes = await fetchCard(new URL(source), { keys });
    const staged = await mkdtemp(join(tmpdir(), 'minspnet-card-'));
    try {
      await writeFile(join(staged, 'card.json'), bytes);
      return (await readCard(join(staged, 'card.json'))) as ModelCard;
    } finally {
      await rm(staged, { recursive: true, force: true });
    }
  }

  /** By name. Folders that hold no model are passed over. */
  async list(): Promise<StoredModel[]> {
    const names = (await readdir(this.directory).catch(() => [])).filter((name) => !name.startsWith('.')).toSorted();
    const models = await Promise.all(names.map((name) => this.#find(name).catch(() => undefined)));
    return models.filter((model) => model !== undefined);
  }

  /** @throws {ModelError} ERR_MODEL_MISSING */
  async remove(name: string): Promise<void> {
    const { folder } = await this.#find(requireName(name));
    await rm(folder, { recursive: true });
    await rm(this.#previous(name), { recursive: true, force: true });
  }

  /**
   * Brings back the version that was replaced last; done again, it is taken back.
   *
   * @throws {ModelError} ERR_MODEL_MISSING
   */
  async rollback(name: string): Promise<StoredModel> {
    const { folder, previous } = await this.#find(requireName(name));
    if (previous === undefined) {
      throw new ModelError('ERR_MODEL_MISSING', 'model', `no earlier version of "${name}" is kept.`);
    }
    const aside = `${this.#previous(name)}.new`;
    await rm(aside, { recursive: true, force: true });
    await rename(folder, aside);
    await rename(this.#previous(name), folder);
    await rename(aside, this.#previous(name));
    return await this.#find(name);
  }

  #previous(name: string): string {
    return join(this.directory, previousFolder, name);
  }

  async #find(name: string): Promise<StoredModel> {
    const folder = join(this.directory, name);
    if ((await stat(folder).catch(() => undefined)) === undefined) {
      const known = (await readdir(this.directory).catch(() => [])).filter((one) => !one.startsWith('.'));
      const what = `no model "${name}" was added here; there are: ${known.join(', ') || 'none'}.`;
      throw new ModelError('ERR_MODEL_MISSING', 'model', what);
    }
    const card = (await readCard(join(folder, 'card.json'))) as ModelCard;
    const before = await readCard(join(this.#previous(name), 'card.json')).catch(() => undefined);
    return { card, folder, previous: before?.version };
  }

  /** What was signed once stays signed: whoever offers it again must not bring an old fault back. */
  async #mustBeNewer({ name, version }: ModelCard, allowOlder: boolean): Promise<void> {
    const present = await this.#find(name).catch(() => undefined);
    if (allowOlder || present === undefined || compareVersions(version, present.card.version) >= 0) return;
    const what = `${name} ${version} is older than ${present.card.version}, which is here.`;
    throw new ModelError('ERR_MODEL_OLDER', 'model', `${what} Say --allow-older if it is meant.`);
  }

  async #activate(staged: string, name: string): Promise<void> {
    const folder = join(this.directory, name);
    const previous = this.#previous(name);
    await mkdir(join(this.directory, previousFolder), { recursive: true });
    const isThere = (await stat(folder).catch(() => undefined)) !== undefined;
    if (isThere) {
      await rm(previous, { recursive: true, force: true });
      await rename(folder, previous);
    }
    try {
      await rename(staged, folder);
    } catch (error) {
      if (isThere) await rename(previous, folder);
      throw error;
    }
  }
}

async function fetchCard(url: URL, { keys, sha256 }: Pick<AddOptions, 'keys' | 'sha256'>): Promise<Buffer> {
  const bytes = await download(url, mostCardBytes);
  const signature = await download(new URL(`${url.pathname}.sig`, url), 1024);
  if (!isSigned(bytes, signature.toString('latin1'), keys)) {
    const who =
      keys.length === 0 ? '`model.keys` names nobody whose models are let in' : 'none of `model.keys` has signed it';
    throw new ModelError('ERR_MODEL_SIGNATURE', 'model', `the model at ${url.host}${url.pathname} is refused: ${who}.`);
  }
  requireSum(bytes, sha256);
  return bytes;
}

async function fetchModel(url: URL, folder: string, options: AddOptions): Promise<void> {
  await writeFile(join(folder, 'card.json'), await fetchCard(url, options));
  const { files } = (await readCard(join(folder, 'card.json'))) as ModelCard;
  const all = [files.fp32, files.int8].flatMap((file) => (file ? [file, ...(file.external ?? [])] : []));
  for (const file of all) {
    if (file.bytes > mostFileBytes) {
      const what = `${file.file} has ${file.bytes} bytes; ${mostFileBytes} are taken.`;
      throw new ModelError('ERR_MODEL_CARD', 'model', what);
    }
    await downloadTo(join(folder, requireFile(file.file)), new URL(encodeURIComponent(file.file), url), file);
  }
}

/** From this machine: whoever may write here has no need of a signature. */
async function copyModel(source: string, folder: string, sha256: string | undefined): Promise<void> {
  await readCard(join(source, 'card.json'));
  const url = pathToFileURL(join(source, 'card.json'));
  requireSum(await download(url, mostCardBytes), sha256);
  await cp(source, folder, { recursive: true, dereference: true });
}

function requireSum(bytes: Uint8Array, wanted: string | undefined): void {
  if (wanted === undefined) return;
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found === wanted.toLowerCase()) return;
  const what = `the card has the sha256 ${found}, not ${wanted}: it is another one than was asked for.`;
  throw new ModelError('ERR_MODEL_CORRUPT', 'model', what);
}

function requireFile(name: string): string {
  if (name === basename(name) && !name.startsWith('.') && name !== 'card.json') return name;
  throw new ModelError('ERR_MODEL_CARD', 'model', `the card names a file "${name}", which does not lie beside it.`);
}

function requireName(name: string): string {
  if (/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/.test(name)) return name;
  const what = `"${name}" is no model’s name: 1 to 64 letters, digits, ".", "_" or "-".`;
  throw new ModelError('ERR_MODEL_CARD', 'model', what);
}

/** Numbers between dots, as in 1.10.2; what is no number counts as text. @returns below, at or above 0 */
export function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

import { copyFileSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Document, isCollection, isSeq, parseDocument, visit } from 'yaml';
import { ConfigError } from '../contract/errors.js';
import { type LoadedSettings, type LoadOptions, loadSettings } from './load.js';
import { formatPath, type SettingPath } from './path.js';
import { formatOrigin } from './problem.js';
import { secretTag } from './secrets.js';
import { readText } from './yaml-file.js';

/** One setting's new value; undefined takes it out of the file, so that its default holds. */
export interface SettingsEdit {
  path: SettingPath;
  value: unknown;
}

export interface SavedSettings {
  /** As it was before; undefined where there was no file. */
  backup: string | undefined;
  /** What the file gives now, with the environment and the arguments. */
  loaded: LoadedSettings;
}

/** So many backups of a file are kept. */
const maxBackups = 10;

/**
 * A settings file's text with other values, its comments and its order as they are.
 *
 * @throws {ConfigError} ERR_CONFIG_EDIT where a value stands behind an alias
 */
export function editText(text: string, edits: readonly SettingsEdit[]): string {
  const document = parseDocument(text, { customTags: [secretTag], merge: true, keepSourceTokens: true });
  if (document.contents === null) {
    const empty = new Document({}, { customTags: [secretTag] });
    empty.commentBefore = document.commentBefore ?? document.comment;
    return apply(empty, edits);
  }
  return apply(document, edits);
}

function apply(document: Document, edits: readonly SettingsEdit[]): string {
  for (const { path, value } of edits) {
    try {
      if (value === undefined) remove(document, path);
      else set(document, path, value);
    } catch (cause) {
      const what = `${formatPath(path)} can't be changed here: it, or what it stands in, is an alias or no mapping`;
      throw new ConfigError('ERR_CONFIG_EDIT', 'config', `${what}. Change the file by hand.`, { cause });
    }
  }
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

function set(document: Document, path: SettingPath, value: unknown): void {
  const node = document.createNode(value, { aliasDuplicateObjects: false });
  // Points and lists of names in one line, as people write them.
  visit(node, {
    Seq: (_, list) => {
      list.flow = true;
    },
  });
  const before = document.getIn(path, true);
  if (isCollection(before) && isCollection(node) && !isSeq(node)) {
    node.comment = before.comment ?? null;
    node.commentBefore = before.commentBefore ?? null;
  }
  // A mapping with nothing behind it is a mapping all the same.
  for (let i = 1; i < path.length; i++) {
    const around = document.getIn(path.slice(0, i), true) as { value?: unknown } | undefined;
    if (around !== undefined && !isCollection(around) && around.value === null) {
      document.setIn(path.slice(0, i), document.createNode({}));
    }
    const mapping = document.getIn(path.slice(0, i), true);
    if (isCollection(mapping) && mapping.items.length === 0) mapping.flow = false;
  }
  document.setIn(path, node);
}

function remove(document: Document, path: SettingPath): void {
  if (!document.hasIn(path)) return;
  document.deleteIn(path);
  // A mapping that holds nothing any more would stay as `{}`.
  const around = path.slice(0, -1);
  const mapping = around.length > 0 ? document.getIn(around, true) : undefined;
  if (isCollection(mapping) && mapping.items.length === 0) remove(document, around);
}

/**
 * Writes values into a settings file, or a new one. What the file would give is checked first, as at a start; the file is
 * replaced as a whole or not at all, and what it was stays beside it as a backup.
 *
 * @throws {ConfigError} `ERR_CONFIG_…`: a value is wrong, stands behind an alias, is given by something stronger than the
 * file, or the file can't be written
 */
export async function saveSettings(
  file: string,
  edits: readonly SettingsEdit[],
  options: Omit<LoadOptions, 'file'> = {},
): Promise<SavedSettings> {
  const before = statSync(file, { throwIfNoEntry: false });
  const text = editText(before === undefined ? '' : readText(file), edits);
  const temporary = join(dirname(file), `.${basename(file)}.new`);
  try {
    await write(temporary, text, before?.mode ?? 0o600);
    const loaded = check(file, temporary, edits, options);
    const backup = before && backUp(file);
    renameSync(temporary, file);
    return { backup, loaded: { ...loaded, file } };
  } catch (error) {
    rmSync(temporary, { force: true });
    if (error instanceof ConfigError) throw error;
    const what = `${file} can't be written: ${(error as Error).message}. Give this user the right to write in its folder`;
    const more = 'under systemd: keep them in its state directory, see systemd/README.md';
    throw new ConfigError('ERR_CONFIG_WRITE', 'config', `${what} (${more}).`, { cause: error });
  }
}

async function write(path: string, text: string, mode: number): Promise<void> {
  const handle = await open(path, 'w', mode & 0o777);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function check(
  file: string,
  temporary: string,
  edits: readonly SettingsEdit[],
  options: Omit<LoadOptions, 'file'>,
): LoadedSettings {
  let loaded: LoadedSettings;
  try {
    loaded = loadSettings({ ...options, file: temporary });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(error.code, error.exit, error.message.replaceAll(temporary, file), { cause: error });
  }
  for (const { path, value } of edits) {
    const origin = loaded.originOf(path);
    if (value === undefined || origin.kind === 'file' || origin.kind === 'default') continue;
    const what = `${formatPath(path)} is given by ${formatOrigin(origin)}, which is stronger than the file: change it there`;
    throw new ConfigError('ERR_CONFIG_OVERRIDDEN', 'config', `${what}.`);
  }
  return loaded;
}

/** A copy named by its time, so that the newest is the last; the oldest go. */
function backUp(file: string): string {
  const name = `${basename(file)}.`;
  const backup = join(dirname(file), `${name}${new Date().toISOString().replaceAll(':', '-')}.bak`);
  copyFileSync(file, backup);
  const all = readdirSync(dirname(file)).filter((other) => other.startsWith(name) && other.endsWith('Z.bak'));
  for (const old of all.sort().slice(0, -maxBackups)) rmSync(join(dirname(file), old), { force: true });
  return backup;
}

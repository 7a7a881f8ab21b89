import { readFileSync, statSync } from 'node:fs';
import {
  type CollectionTag,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  type ScalarTag,
} from 'yaml';
import { ConfigError } from '../contract/errors.js';
import type { SettingPath } from './path.js';
import { configError, type Origin, type Problem } from './problem.js';

/** A settings file is a page or two; a megabyte is some other file. */
const maxBytes = 1024 * 1024;
/** Deeper than any setting; an alias that contains itself would go on for ever. */
const maxDepth = 32;
const maxSyntaxProblems = 20;

/** What is meant where the parser's own words don't say it to somebody who writes one YAML file a year. */
const hints: Record<string, string> = {
  DUPLICATE_KEY: 'this name stands twice in the same mapping; keep one of them',
  TAB_AS_INDENT: 'a tab; YAML is indented with spaces only',
  MULTIPLE_DOCS: 'a second document begins here; a settings file is one document, without `---` inside',
  BLOCK_AS_IMPLICIT_KEY: 'a second `:` in one line; put quotes around a text that holds `: `',
  MULTILINE_IMPLICIT_KEY: 'no `:` after this name, or the lines below are not indented as they should be',
  BAD_INDENT: 'not indented like its neighbours',
};

/** A parsed YAML file that remembers where everything stood. */
export interface YamlFile {
  file: string;
  /** Plain objects, arrays and scalars, and what custom tags made; undefined for an empty file. */
  value: unknown;
  /** The place of a setting, or of the nearest mapping around it where it isn't there. */
  locate(path: SettingPath): Origin;
}

/** A file's text. Throws a ConfigError that says why it can't be had. */
export function readText(file: string): string {
  const refuse = (what: string, cause?: unknown): ConfigError =>
    new ConfigError('ERR_CONFIG_FILE', 'input', `${file}: ${what}`, { cause });
  let bytes: Buffer;
  try {
    const { size } = statSync(file);
    if (size > maxBytes) throw refuse(`${size} bytes; a settings file has at most ${maxBytes}`);
    bytes = readFileSync(file);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const reasons: Record<string, string> = {
      ENOENT: 'there is no such file',
      ENOTDIR: 'there is no such file (a part of its path is no directory)',
      EISDIR: 'is a directory; name the file in it',
      EACCES: 'may not be read by this user',
    };
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw refuse(reasons[code] ?? `can't be read: ${message}`, error);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw refuse('is not UTF-8 text; save it in that encoding', cause);
  }
}

/** Of a bracket that is not closed the parser says first of all that something is not indented. */
function unclosed(message: string): string | undefined {
  const bracket = /^Flow .* end with a ([\]}])$/.exec(message)?.[1];
  if (bracket === undefined) return undefined;
  const opening = bracket === ']' ? '[' : '{';
  return `no \`${bracket}\` closes the \`${opening}\` before this place, or what it holds is indented less than it should be`;
}

/** Where the parser would quote what it did not understand, which may be a password without quotes. */
function quotedWords(message: string): string | undefined {
  if (message.startsWith('Unresolved tag'))
    return 'a `!` begins a tag, of which there is only `!secret NAME`; put quotes around a text';
  if (message.startsWith('Unresolved alias'))
    return 'a `*` begins an alias of an anchor that is not there; put quotes around a text';
  return undefined;
}

function checkDepth(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return depth < maxDepth && Object.values(value).every((child) => checkDepth(child, depth + 1));
}

/** The key and the value that stand at a path, as far as it can be followed. */
function nodesAt(document: Document, path: SettingPath): unknown {
  let node: unknown = document.contents;
  let place: unknown = node;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair: Pair | undefined = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
      if (!pair) return place;
      place = pair.key;
      node = pair.value;
    } else if (isSeq(node) && node.items[Number(step)] !== undefined) {
      node = node.items[Number(step)];
      place = node;
    } else return place;
  }
  return place;
}

/** Parses a settings file; throws a ConfigError that lists every mistake against YAML with its place. */
export function readYamlFile(
  file: string,
  options: { customTags?: (ScalarTag | CollectionTag)[]; schema?: 'core' | 'failsafe' } = {},
): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(readText(file), {
    lineCounter: lines,
    prettyErrors: false,
    schema: options.schema ?? 'core',
    customTags: options.customTags ?? [],
    merge: true,
  });
  const originAt = (offset: number): Origin => {
    const { line, col } = lines.linePos(offset);
    return { kind: 'file', file, line, column: col };
  };
  const refuse = (problems: Problem[]): ConfigError => configError('ERR_CONFIG_SYNTAX', problems);
  // An unknown tag is only a warning to the parser, which then reads the text behind it: `!secert x` would be "x".
  const mistakes = [...document.errors, ...document.warnings];
  if (mistakes.length > 0) {
    throw refuse(
      mistakes.slice(0, maxSyntaxProblems).map(({ code, message, pos }) => ({
        origin: originAt(pos[0]),
        message: unclosed(message) ?? hints[code] ?? quotedWords(message) ?? message,
      })),
    );
  }
  const whole: Origin = { kind: 'file', file };
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 }) ?? undefined;
  } catch (error) {
    throw refuse([{ origin: whole, message: quotedWords((error as Error).message) ?? (error as Error).message }]);
  }
  if (!checkDepth(value)) {
    throw refuse([{ origin: whole, message: 'nested too deeply, or an anchor that contains itself' }]);
  }
  return {
    file,
    value,
    locate(path) {
      const place = nodesAt(document, path);
      return isNode(place) && place.range ? originAt(place.range[0]) : whole;
    },
  };
}

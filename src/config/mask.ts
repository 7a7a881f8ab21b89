import { describeSource, schemeOf } from './address.js';
import type { SettingPath } from './path.js';

/** What stands in place of a secret wherever people may read it. */
export const mask = '***';

/** The settings that are secret by their meaning, wherever their value came from; `*` is any name. */
const secretSettings: readonly SettingPath[] = [
  ['mqtt', 'password'],
  ['mqtt', 'broker', 'password'],
  ['http', 'token'],
  ['cameras', '*', 'network', 'password'],
];
const sourceSettings: SettingPath = ['cameras', '*', 'source'];

/** `scheme://`, all up to the last `@`, the host, and what follows it. */
const urls = /(?<![\w+.-])([a-z][\w+.-]{0,20}:\/\/)(\S*@)?([^\s"'`<>/?#]*)((?:[/?#][^\s"'`<>]*)?)/gi;
const hostAndPort = /^(?:\[[\w:.%]*\]|[^:[\]]*)(?::\d*)?$/;
/** Words that name a secret: parameters of a query, or of a path (`/user=admin_password=x_channel=1.sdp`). */
const secretNames =
  'pass(?:word|wd|phrase)?|loginpas|pas|pwd|pw|psk|p|token|secret|auth|\\w{0,20}key|signature|sig|user-pw|proxy-pw';
/** `name=value`, as in a query or as one of GStreamer's properties: quoted where it holds a space, with space around `=`. */
const secretParameter = new RegExp(
  `((?<![a-z])(?:\\w{1,30}[_-])?(?:${secretNames})\\s*=\\s*)(?:"(?:[^"\\\\]|\\\\.)*"|'(?:[^'\\\\]|\\\\.)*'|[^&\\s#'"]+)`,
  'gi',
);
/** A header; nobody knows where its value ends. */
const authorization = /(authorization["']?\s*[:=])[^\n]*/gi;

/**
 * A text in which every URL is cut to its scheme and host, and whatever is named like a password is replaced by `***`:
 * `rtsp://admin:hunter2@door/1` becomes `rtsp://door`. Where the host can't be told from an unescaped password, nothing
 * of it is left. Any other text comes back as it is.
 */
export function maskUrl(text: string): string {
  return text
    .replace(urls, (_, scheme: string, userInfo: string | undefined, host: string, rest: string) => {
      const end = /[:;,.)]*$/.exec(host + rest)?.[0] ?? '';
      const name = rest === '' ? host.slice(0, host.length - end.length) : host;
      const isPlain = hostAndPort.test(name) && !/[@/?#]/.test(userInfo?.slice(0, -1) ?? '');
      return `${scheme}${isPlain ? name : mask}${end}`;
    })
    .replace(secretParameter, `$1${mask}`)
    .replace(authorization, `$1 ${mask}`);
}

function covers(pattern: SettingPath, path: SettingPath): boolean {
  return pattern.length === path.length && pattern.every((step, i) => step === '*' || String(step) === String(path[i]));
}

function maskAt(value: unknown, path: SettingPath, secrets: readonly SettingPath[]): unknown {
  if (value !== undefined && secrets.some((secret) => covers(secret, path))) return mask;
  if (typeof value === 'string') return covers(sourceSettings, path) ? describeSource(value) : maskUrl(value);
  if (Array.isArray(value)) return value.map((item, index) => maskAt(item, [...path, index], secrets));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, child]) => [key, maskAt(child, [...path, key], secrets)]),
    );
  }
  return value;
}

/**
 * The settings as they may be shown, or one value of them.
 *
 * @param secrets the paths that came from `!secret`
 * @param path where the value stands
 */
export function maskSettings<Value>(
  settings: Value,
  secrets: readonly SettingPath[] = [],
  path: SettingPath = [],
): Value {
  return maskAt(settings, path, [...secretSettings, ...secrets]) as Value;
}

/** Shorter values stand in many words and numbers: they are hidden only where they stand alone. */
const shortest = 4;
/** Of texts that other programs act by; a secret has no place there, and a word that is one must not be lost. */
const structural = new Set(['camera', 'node', 'class', 'zone', 'line', 'id', 'name', 'state', 'type', 'at', 'topic']);

/**
 * Knows the values of all secrets of a process, and takes them out of whatever leaves it. It is the last line: texts that
 * are known to hold an address go through {@link maskUrl} before.
 */
export class Redactor {
  readonly #secrets = new Set<string>();
  #pattern: RegExp | undefined;

  get isEmpty(): boolean {
    return this.#secrets.size === 0;
  }

  /** In all the forms in which it may stand in a text: as it is, as in a URL, and as in JSON. */
  add(secret: string): void {
    const decoded = decode(secret);
    for (const form of [secret, decoded, encodeURIComponent(decoded), JSON.stringify(decoded).slice(1, -1)]) {
      if (form.length > 0) this.#secrets.add(form);
    }
    this.#pattern = undefined;
  }

  /**
   * Adds what is secret of settings: the values at the paths that came from `!secret`, passwords, and those in addresses.
   *
   * @param settings also wrong ones
   */
  addSettings(settings: unknown, secrets: readonly SettingPath[]): void {
    const visit = (value: unknown, path: SettingPath): void => {
      if (typeof value === 'object' && value !== null) {
        for (const [key, child] of Object.entries(value)) visit(child, [...path, key]);
      }
      if (typeof value !== 'string' && typeof value !== 'number') return;
      const text = String(value);
      if ([...secretSettings, ...secrets].some((secret) => covers(secret, path))) this.add(text);
      for (const secret of secretsIn(text)) this.add(secret);
    };
    visit(settings, []);
  }

  redact(text: string): string {
    if (this.#secrets.size === 0) return text;
    this.#pattern ??= patternOf([...this.#secrets]);
    return text.replace(this.#pattern, mask);
  }

  /** A copy in which no text holds a secret; names by which programs act are left as they are. */
  redactAll<Value>(value: Value): Value {
    const copy = (part: unknown): unknown => {
      if (typeof part === 'string') return this.redact(part);
      if (Array.isArray(part)) return part.map(copy);
      if (typeof part !== 'object' || part === null) return part;
      return Object.fromEntries(
        Object.entries(part).map(([key, child]) => [key, structural.has(key) ? child : copy(child)]),
      );
    };
    return copy(value) as Value;
  }

  /** From now on nothing secret is written as text to a stream. Bytes, such as those of a picture, pass as they are. */
  guard(stream: NodeJS.WriteStream): void {
    const write = stream.write.bind(stream) as (chunk: unknown, ...rest: unknown[]) => boolean;
    stream.write = ((chunk: unknown, ...rest: unknown[]) =>
      write(typeof chunk === 'string' ? this.redact(chunk) : chunk, ...rest)) as typeof stream.write;
  }
}

/** The longest first. A number of a JSON line of the log, as in `"level":30`, is none of a short secret's: it would be no JSON. */
function patternOf(secrets: readonly string[]): RegExp {
  const longestFirst = secrets.toSorted((a, b) => b.length - a.length);
  const forms = longestFirst.map((secret) => {
    const escaped = secret.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
    return secret.length < shortest ? `(?<![\\p{L}\\p{N}]|":)${escaped}(?![\\p{L}\\p{N}])` : escaped;
  });
  return new RegExp(forms.join('|'), 'gu');
}

/** The passwords that an address or a pipeline holds. */
function* secretsIn(text: string): Generator<string> {
  for (const [, , userInfo] of text.matchAll(urls)) {
    const password = /:(.*)@$/s.exec(userInfo ?? '')?.[1] ?? userInfo?.slice(0, -1);
    if (password) yield password;
  }
  if (schemeOf(text) === undefined) return; // a path or a word
  for (const [whole, name = ''] of text.matchAll(secretParameter)) {
    yield whole.slice(name.length).replace(/^(["'])(.*)\1$/s, '$2');
  }
  for (const [whole] of text.matchAll(authorization)) {
    for (const word of whole.split(/[\s"'=:,]+/).slice(1)) if (word.length >= 8) yield word;
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

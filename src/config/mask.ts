import type { SettingPath } from './path.js';
import type { Settings } from './schema.js';

/** What stands in place of a secret wherever people may read it. */
export const mask = '***';

/** The settings that are secret by their meaning, wherever their value came from; `*` is any name. */
const secretSettings: readonly SettingPath[] = [
  ['mqtt', 'password'],
  ['mqtt', 'broker', 'password'],
  ['cameras', '*', 'network', 'password'],
];

/**
 * `//user:password@`. The password's first form is the lawful one; the second also takes `/`, `?` and `#`, which people
 * forget to escape, unless a port stands there (`//host:8080/cam@1` holds no password).
 */
const userInfo = /(\/\/)([^\s/?#'"@:]*)(?::(?:[^\s/?#'"]*|(?!\d*(?:[/?#]|$))[^\s'"]*))?@/g;
/** Of a query, or within a path: `/user=admin_password=x_channel=1.sdp`, where nobody knows where the password ends. */
const secretParameter = /((?:password|passwd|pass|pas|pwd|token|secret|auth|key|signature)=)[^&\s#'"]+/gi;
/** GStreamer's properties: `rtspsrc user-pw=hunter2`, quoted where it holds a space. */
const secretProperty = /(\b(?:user-pw|proxy-pw|password|passphrase)=)(?:"(?:[^"\\]|\\.)*"|[^\s"'&]+)/gi;

/**
 * A text with the password of every URL in it replaced by `***`: `rtsp://admin:hunter2@door/1` becomes
 * `rtsp://admin:***@door/1`. Parameters such as `?token=` are masked too. Any other text comes back as it is.
 */
export function maskUrl(text: string): string {
  return text
    .replace(userInfo, (whole, slashes: string, user: string) =>
      whole.includes(':') ? `${slashes}${user}:${mask}@` : `${slashes}${mask}@`,
    )
    .replace(secretParameter, `$1${mask}`)
    .replace(secretProperty, `$1${mask}`);
}

function covers(pattern: SettingPath, path: SettingPath): boolean {
  return pattern.length === path.length && pattern.every((step, i) => step === '*' || String(step) === String(path[i]));
}

function maskAt(value: unknown, path: SettingPath, secrets: readonly SettingPath[]): unknown {
  if (value !== undefined && secrets.some((secret) => covers(secret, path))) return mask;
  if (typeof value === 'string') return maskUrl(value);
  if (Array.isArray(value)) return value.map((item, index) => maskAt(item, [...path, index], secrets));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, child]) => [key, maskAt(child, [...path, key], secrets)]),
    );
  }
  return value;
}

/** The settings as they may be shown or logged; `secrets` are the paths that came from `!secret`. */
export function maskSettings(settings: Settings, secrets: readonly SettingPath[] = []): Settings {
  return maskAt(settings, [], [...secretSettings, ...secrets]) as Settings;
}

/** One value of the settings as it may stand in a message. */
export function maskValue(value: unknown, path: SettingPath, secrets: readonly SettingPath[] = []): unknown {
  return maskAt(value, path, [...secretSettings, ...secrets]);
}

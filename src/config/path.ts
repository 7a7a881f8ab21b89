/** Where a setting stands, from the root of the settings: `['cameras', 'door', 'fps']`. */
export type SettingPath = readonly (string | number)[];

/** As it is written in messages: `cameras.door.zones.path.polygon[2]`. */
export function formatPath(path: SettingPath): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}

/** Whether `path` begins with all steps of `prefix`; 0 and '0' are the same step. */
export function startsWith(path: SettingPath, prefix: SettingPath): boolean {
  return prefix.length <= path.length && prefix.every((step, index) => String(step) === String(path[index]));
}

export function samePath(a: SettingPath, b: SettingPath): boolean {
  return a.length === b.length && startsWith(a, b);
}

/** The value at a path, or undefined where there is none. */
export function valueAt(root: unknown, path: SettingPath): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, step)
        ? (value as Record<string | number, unknown>)[step]
        : undefined,
    root,
  );
}

/**
 * A copy of `root` in which `path` holds `value`; mappings that are missing on the way are made. What stands there and
 * is no mapping is left as it is, so that the schema can complain about it.
 */
export function withValueAt(root: unknown, path: SettingPath, value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (root !== undefined && (typeof root !== 'object' || root === null || Array.isArray(root))) return root;
  const others = Object.entries(root ?? {}).filter(([key]) => key !== step);
  // fromEntries defines properties, so even a key `__proto__` stays a key.
  return Object.fromEntries([...others, [step, withValueAt(valueAt(root, [step]), rest, value)]]);
}

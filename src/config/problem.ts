import { ConfigError, type ExitReason } from '../contract/errors.js';
import { formatPath, type SettingPath } from './path.js';

/** Where a value was given: a place in a file, `$MINSPNET_MQTT__URL`, or `--mqtt`. */
export type Origin =
  | { kind: 'file'; file: string; line?: number; column?: number }
  | { kind: 'environment' | 'argument'; name: string }
  | { kind: 'default' };

/** One thing that is wrong with the configuration. */
export interface Problem {
  origin: Origin;
  path?: SettingPath;
  /** What is wrong: `found 0; allowed: a whole number, at least 1`. */
  message: string;
}

export function formatOrigin(origin: Origin): string {
  switch (origin.kind) {
    case 'file': {
      const place = [origin.line, origin.column].filter((part) => part !== undefined);
      return [origin.file, ...place].join(':');
    }
    case 'environment':
      return `$${origin.name}`;
    case 'argument':
      return origin.name;
    case 'default':
      return 'default';
  }
}

function formatProblem({ origin, path, message }: Problem): string {
  const setting = path && path.length > 0 ? `${formatPath(path)}: ` : '';
  return `${formatOrigin(origin)}: ${setting}${message}`;
}

function compareProblems(a: Problem, b: Problem): number {
  if (a.origin.kind !== 'file' || b.origin.kind !== 'file') return 0;
  return (a.origin.line ?? 0) - (b.origin.line ?? 0) || (a.origin.column ?? 0) - (b.origin.column ?? 0);
}

/**
 * All problems as one error, one line each, a file's in the order of its lines.
 * @param code `ERR_CONFIG_FILE` (can't be read), `ERR_CONFIG_SYNTAX` (no YAML) or `ERR_CONFIG_INVALID`.
 */
export function configError(code: string, problems: readonly Problem[], exit: ExitReason = 'config'): ConfigError {
  const lines = [...problems].sort(compareProblems).map(formatProblem);
  const [only] = lines;
  const message =
    lines.length === 1 && only ? only : `${lines.length} errors in the configuration\n  ${lines.join('\n  ')}`;
  return new ConfigError(code, exit, message);
}

/** A value from the environment or the command line: it takes the place of whatever the file says at its path. */
export interface Override {
  origin: Origin;
  path: SettingPath;
  value: unknown;
}

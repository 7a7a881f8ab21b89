import type { ExitReason, SourceError } from '../../contract/errors.js';
import { sourceError } from './source-error.js';

type What = 'PROGRAM' | 'OPEN' | 'READ';

/** What `gst-launch-1.0` says when a pipeline does not run, and what to do then. */
const known: [words: RegExp, code: string, exit: ExitReason, advice: string][] = [
  [
    /no element "/i,
    'ERR_SOURCE_PIPELINE',
    'config',
    'Install the plugin that has it (`gst-inspect-1.0 NAME` finds it), or correct its name',
  ],
  [
    /erroneous pipeline|could not link|syntax error|no property/i,
    'ERR_SOURCE_PIPELINE',
    'config',
    'Try the pipeline with `gst-launch-1.0 … ! fakesink`',
  ],
  [
    /unauthorized|not authorized|authentication/i,
    'ERR_SOURCE_LOGIN',
    'permission',
    'Set the user name and the password in the pipeline, or make it a secret',
  ],
  [
    /cannot identify device|no such file|not found|no cameras available/i,
    'ERR_SOURCE_MISSING',
    'input',
    'Check the device',
  ],
  [/permission denied/i, 'ERR_SOURCE_ACCESS', 'permission', 'Join the group video: sudo usermod -aG video USER'],
  [/busy/i, 'ERR_SOURCE_BUSY', 'source', 'Another program holds the camera: stop it'],
  [
    /could not (?:connect|resolve|open resource)|connection refused|failed to connect/i,
    'ERR_SOURCE_UNREACHABLE',
    'unreachable',
    'Check the address and that the camera is on',
  ],
];

/** @param pipeline as it may be shown */
export function gstreamerError(pipeline: string, what: What, words: string): SourceError {
  const [, code, exit, advice] =
    (what === 'PROGRAM' ? undefined : known.find(([pattern]) => pattern.test(words))) ??
    ([undefined, `ERR_SOURCE_${what}`, 'source', what === 'PROGRAM' ? '' : 'Try it with `gst-launch-1.0`'] as const);
  return sourceError(code, exit, `gstreamer:${pipeline}: ${words.replace(/\.$/, '')}.${advice && ` ${advice}.`}`);
}

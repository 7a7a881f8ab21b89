import type { ExitReason, SourceError } from '../../contract/errors.js';
import type { LibcameraSource } from './source.js';
import { sourceError } from './source-error.js';

type What = 'PROGRAM' | 'LAYOUT' | 'OPEN' | 'READ';

/** What the programs say when a camera is not to be had, and what to do then. */
const known: [words: RegExp, code: string, exit: ExitReason, advice: string][] = [
  [
    /no cameras available|selected camera is not available/i,
    'ERR_SOURCE_MISSING',
    'input',
    'Push the cable in fully, and see `rpicam-hello --list-cameras`',
  ],
  [
    /in use|failed to acquire|busy/i,
    'ERR_SOURCE_BUSY',
    'source',
    'Another program holds the camera: stop it, or ask a node that is running for a snapshot',
  ],
  [
    /permission denied/i,
    'ERR_SOURCE_ACCESS',
    'permission',
    'Join the group video: sudo usermod -aG video USER, then log in again',
  ],
  [
    /unrecogni[sz]ed option|invalid .*(?:option|mode|value)|the argument .* is invalid/i,
    'ERR_SOURCE_OPTION',
    'config',
    'This version of the program lacks an option of this camera’s settings: take it out, or update rpicam-apps',
  ],
  [/tuning|could not open file/i, 'ERR_SOURCE_OPTION', 'config', 'Check tuningFile in this camera’s settings'],
];

export function libcameraError({ camera }: LibcameraSource, what: What, words: string): SourceError {
  const [, code, exit, advice] = (what === 'PROGRAM' || what === 'LAYOUT'
    ? undefined
    : known.find(([pattern]) => pattern.test(words))) ?? [undefined, `ERR_SOURCE_${what}`, 'source' as const, ''];
  const end =
    advice || (what === 'READ' || what === 'OPEN' ? 'Check the cable, and that no other program holds the camera' : '');
  return sourceError(code, exit, `libcamera:${camera}: ${words.replace(/\.$/, '')}.${end && ` ${end}.`}`);
}

import { dirname } from 'node:path';
import { StateError } from '../contract/errors.js';

export function directoryUnusable(directory: string, cause: unknown): StateError {
  return new StateError(
    'ERR_STATE_DIRECTORY',
    'state',
    `the outbox ${directory} can't be used (${reasonOf(cause)}): make ${dirname(directory)} writable for this user, ` +
      'or set `stateDirectory`',
    { cause },
  );
}

export function inUse(directory: string, cause: unknown): StateError {
  return new StateError(
    'ERR_STATE_OUTBOX_IN_USE',
    'state',
    `the outbox ${directory} is in use: another daemon runs with the same state directory; stop it, or give this one ` +
      'its own `stateDirectory`',
    { cause },
  );
}

export function setAside(directory: string, aside: string, cause: unknown): StateError {
  return new StateError(
    'ERR_STATE_OUTBOX_DAMAGED',
    'state',
    `the outbox ${directory} can't be read (${reasonOf(cause)}): it was set aside as ${aside}, and a new one begins; ` +
      'the events that it held are lost, and subscribers are told so',
    { cause },
  );
}

export function repaired(directory: string, aside: string, cause: unknown): StateError {
  return new StateError(
    'ERR_STATE_OUTBOX_DAMAGED',
    'state',
    `the outbox ${directory} was damaged (${reasonOf(cause)}): it was set aside as ${aside}, and what can be read of it ` +
      'goes on; the other events that it held are lost, and subscribers are told so',
    { cause },
  );
}

export function lostSome(directory: string): StateError {
  return new StateError(
    'ERR_STATE_OUTBOX_DAMAGED',
    'state',
    `the outbox ${directory} was damaged: some of the events that it held are lost, and subscribers are told so`,
  );
}

export function diskRefuses(directory: string, keeps: number, cause: unknown): StateError {
  return new StateError(
    'ERR_STATE_OUTBOX_DISK',
    'state',
    `the outbox ${directory} can't be written (${reasonOf(cause)}): up to ${keeps} events are kept in memory until it ` +
      'can; free some space, or look at the disk',
    { cause },
  );
}

export function full(directory: string): StateError {
  return new StateError(
    'ERR_STATE_OUTBOX_FULL',
    'state',
    `the outbox ${directory} is full: the oldest events are given up from now on, and counted; raise ` +
      '`outbox.maxEvents` or `outbox.maxBytes` if the broker is often away for that long',
  );
}

export function tooOld(directory: string, maxAgeMs: number): StateError {
  return new StateError(
    'ERR_STATE_OUTBOX_FULL',
    'state',
    `the outbox ${directory} holds events that are older than ${maxAgeMs / 3_600_000} h: they are given up, and ` +
      'counted; raise `outbox.maxAgeHours` if the broker is often away for that long',
  );
}

export function lostAtEnd(directory: string, events: number): StateError {
  return new StateError(
    'ERR_STATE_OUTBOX_LOST',
    'state',
    `${events} events could not be written to the outbox ${directory} before the end and are lost`,
  );
}

/** Nothing is wrong with what lies there: there is no room, or no right, to open it. */
export function isDisksFault(error: unknown): boolean {
  return /No space left|ENOSPC|Disk quota|EDQUOT|Too many open files|EMFILE/.test(String(rootCause(error)));
}

export function isRightsFault(error: unknown): boolean {
  return /Permission denied|EACCES|EPERM|Read-only|EROFS|Not a directory|ENOTDIR|EEXIST/.test(String(rootCause(error)));
}

/** classic-level's or Node's code of the innermost cause. */
export function causeCode(error: unknown): string | undefined {
  return (rootCause(error) as NodeJS.ErrnoException | undefined)?.code;
}

function rootCause(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? rootCause(error.cause) : error;
}

function reasonOf(cause: unknown): string {
  const root = rootCause(cause);
  return root instanceof Error ? root.message : String(root);
}

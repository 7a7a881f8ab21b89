import { asMinspnetError, type ExitReason } from '../../contract/errors.js';

/** One thing that was looked at. */
export interface Check {
  name: string;
  /** `warn`: it works, but not as well as it could. `fail`: `run` would not do what it was told. */
  status: 'ok' | 'warn' | 'fail';
  /** What was found. */
  message: string;
  /** What to do, where the message does not say it. */
  advice?: string;
  /** Only with `fail`: what `run` would end with, or report again and again. */
  exit?: ExitReason;
}

export function ok(name: string, message: string): Check {
  return { name, status: 'ok', message };
}

export function warn(name: string, message: string, advice: string): Check {
  return { name, status: 'warn', message, advice };
}

export function fail(name: string, exit: ExitReason, message: string, advice: string): Check {
  return { name, status: 'fail', message, advice, exit };
}

/** An error of ours says itself what to do. */
export function failed(name: string, thrown: unknown): Check {
  const { exit, message } = asMinspnetError(thrown);
  return { name, status: 'fail', message, exit };
}

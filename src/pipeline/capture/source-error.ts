import { maskUrl } from '../../config/mask.js';
import { type ExitReason, SourceError } from '../../contract/errors.js';

/** A {@link SourceError} whose message holds no password, whoever wrote the words that it quotes. */
export function sourceError(code: string, exit: ExitReason, message: string, cause?: unknown): SourceError {
  return new SourceError(code, exit, maskUrl(message), { cause });
}

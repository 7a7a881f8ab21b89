import { useState } from 'preact/hooks';
import { BoardError } from '../board/http.js';

export interface Task {
  isBusy: boolean;
  error: BoardError | undefined;
  /** Does something that may fail; the failure is kept to be shown. */
  run(work: () => Promise<void>): Promise<void>;
  forget(): void;
}

/** Something that a button starts: busy, done or failed. */
export function useTask(): Task {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<BoardError>();
  return {
    isBusy,
    error,
    forget: () => setError(undefined),
    async run(work) {
      setBusy(true);
      setError(undefined);
      try {
        await work();
      } catch (thrown) {
        setError(thrown instanceof BoardError ? thrown : new BoardError(String(thrown), 'PAGE', 0, { cause: thrown }));
      } finally {
        setBusy(false);
      }
    },
  };
}

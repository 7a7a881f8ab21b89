import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { useBoard } from '../app/context.js';
import { type Ask, ask, BoardError } from '../board/http.js';

export interface Answer<Value> {
  /** The last answer, which stays while a newer one is asked for; undefined before the first. */
  value: Value | undefined;
  error: BoardError | undefined;
  isLoading: boolean;
  again(): void;
}

/**
 * What the board answers to a question: asked again when the question changes, each period, and when the board is back
 * after having been away. `path` undefined: nothing is asked.
 */
export function useAnswer<Value>(
  path: string | undefined,
  query: Ask['query'] = {},
  options: { everyMs?: number; timeoutMs?: number } = {},
): Answer<Value> {
  const { everyMs, timeoutMs } = options;
  const isLinked = useBoard((known) => known.link === 'open');
  const [answer, setAnswer] = useState<{ key: string; value?: Value; error?: BoardError }>({ key: '' });
  const [isLoading, setLoading] = useState(false);
  const [turn, setTurn] = useState(0);
  const key = path === undefined ? '' : `${path}?${JSON.stringify(query)}`;
  const wanted = useRef(key);
  wanted.current = key;
  const again = useCallback(() => setTurn((count) => count + 1), []);

  useEffect(() => {
    if (path === undefined || !isLinked) return;
    const abort = new AbortController();
    setLoading(true);
    ask<Value>(path, { query, signal: abort.signal, ...(timeoutMs !== undefined && { timeoutMs }) })
      .then((value) => setAnswer({ key, value }))
      .catch((error: unknown) => {
        if (abort.signal.aborted) return;
        const failure =
          error instanceof BoardError ? error : new BoardError(String(error), 'PAGE', 0, { cause: error });
        setAnswer((before) => (before.key === key ? { ...before, error: failure } : { key, error: failure }));
      })
      .finally(() => {
        if (!abort.signal.aborted) setLoading(false);
      });
    return () => abort.abort();
  }, [key, turn, isLinked]);

  useEffect(() => {
    if (everyMs === undefined) return;
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') again();
    }, everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);

  const isCurrent = answer.key === key;
  return {
    value: answer.value as Value | undefined,
    error: isCurrent ? answer.error : undefined,
    isLoading,
    again,
  };
}

import { useEffect, useState } from 'preact/hooks';

/** The time, ms since 1970, anew each period while somebody looks. */
export function useNow(periodMs: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') setNow(Date.now());
    }, periodMs);
    return () => clearInterval(timer);
  }, [periodMs]);
  return now;
}

import { useEffect, useReducer, useRef } from 'preact/hooks';

/** A value that views follow. */
export class Store<Value extends object> {
  readonly #listeners = new Set<() => void>();

  constructor(public value: Value) {}

  /** Changes some of it, and tells all who follow. */
  set(change: Partial<Value>): void {
    this.value = { ...this.value, ...change };
    for (const listener of [...this.#listeners]) listener();
  }

  follow(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** What `choose` takes of a store; the component is drawn again only when that is another value. */
export function useStore<Value extends object, Part>(store: Store<Value>, choose: (value: Value) => Part): Part {
  const [, redraw] = useReducer((count: number, _: undefined) => count + 1, 0);
  const part = choose(store.value);
  const latest = useRef({ choose, part });
  latest.current = { choose, part };
  useEffect(() => {
    const update = () => {
      if (!Object.is(latest.current.choose(store.value), latest.current.part)) redraw(undefined);
    };
    update();
    return store.follow(update);
  }, [store]);
  return part;
}

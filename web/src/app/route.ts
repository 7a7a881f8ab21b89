import { Store } from '../board/store.js';

export const viewNames = ['live', 'areas', 'events', 'performance', 'settings', 'welcome'] as const;
export type ViewName = (typeof viewNames)[number];

/** Which view of what: `#/live/door`. */
export interface Route {
  view: ViewName;
  /** Mostly a camera. */
  subject: string | undefined;
}

function parse(hash: string): Route {
  const [, view, subject] = hash.replace(/^#/, '').split('/');
  return {
    view: viewNames.find((name) => name === view) ?? 'live',
    subject: subject ? decodeURIComponent(subject) : undefined,
  };
}

export function hrefOf(view: ViewName, subject?: string): string {
  return subject === undefined ? `#/${view}` : `#/${view}/${encodeURIComponent(subject)}`;
}

/** The address bar. A view with unsaved work may ask before it is left. */
export class Router {
  readonly current = new Store<{ route: Route }>({ route: parse(location.hash) });
  /** Asked before another view is shown; false keeps this one. */
  mayLeave: (() => boolean) | undefined;
  #hash = location.hash;

  constructor() {
    addEventListener('hashchange', () => {
      if (location.hash === this.#hash) return;
      if (this.mayLeave && !this.mayLeave()) {
        history.replaceState(null, '', this.#hash || '#/live');
        return;
      }
      this.#hash = location.hash;
      this.current.set({ route: parse(location.hash) });
    });
    addEventListener('beforeunload', (event) => {
      if (this.mayLeave) event.preventDefault();
    });
  }

  go(view: ViewName, subject?: string): void {
    location.hash = hrefOf(view, subject);
  }
}

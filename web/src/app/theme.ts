import { Store } from '../board/store.js';

export type Theme = 'system' | 'light' | 'dark';
const storageKey = 'minspnet.theme';

/** Day, night or what the system says (`prefers-color-scheme`). */
export class ThemeChoice {
  readonly chosen: Store<{ theme: Theme }>;

  constructor() {
    const stored = localStorage.getItem(storageKey);
    this.chosen = new Store({ theme: stored === 'light' || stored === 'dark' ? stored : 'system' });
    this.#apply();
  }

  choose(theme: Theme): void {
    if (theme === 'system') localStorage.removeItem(storageKey);
    else localStorage.setItem(storageKey, theme);
    this.chosen.set({ theme });
    this.#apply();
  }

  #apply(): void {
    const { theme } = this.chosen.value;
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }
}

/** A colour of the style sheet as it is now, for what draws on a canvas. */
export function colourOf(name: `--${string}`, element: Element = document.documentElement): string {
  const probe = document.createElement('i');
  probe.style.color = `var(${name})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

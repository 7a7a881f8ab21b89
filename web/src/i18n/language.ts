import { Store } from '../board/store.js';
import { de } from './de.js';
import { en, type TextKey, type Texts } from './en.js';

export type LanguageCode = 'en' | 'de';

const texts: Record<LanguageCode, Texts> = { en, de };
const storageKey = 'minspnet.language';

/** The language of the page: texts, numbers and times. */
export class Language {
  readonly code: LanguageCode;
  readonly #texts: Texts;

  constructor(code: LanguageCode) {
    this.code = code;
    this.#texts = texts[code];
  }

  /** A text, with `{name}` replaced by the values. */
  t = (key: TextKey, values: Readonly<Record<string, string | number>> = {}): string =>
    this.#texts[key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));

  /** A text whose name is put together of what the board says; that itself where there is none. */
  named = (group: string, name: string): string => {
    const key = `${group}.${name}`;
    return key in this.#texts ? this.#texts[key as TextKey] : name;
  };

  className = (name: string): string => this.named('class', name);

  number = (value: number | null | undefined, digits = 0): string =>
    value === null || value === undefined
      ? '–'
      : new Intl.NumberFormat(this.code, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(
          value,
        );

  percent = (fraction: number): string => `${this.number(fraction * 100)} %`;

  time = (at: string | number | Date): string =>
    new Intl.DateTimeFormat(this.code, {
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
    }).format(new Date(at));

  clock = (at: string | number | Date): string =>
    new Intl.DateTimeFormat(this.code, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(new Date(at));

  day = (at: string | number | Date): string =>
    new Intl.DateTimeFormat(this.code, { weekday: 'short', day: 'numeric', month: 'short' }).format(new Date(at));

  /** "4.2 s", "3 min", "2 h". */
  duration = (ms: number): string => {
    if (ms < 9950) return `${this.number(ms / 1000, 1)} s`;
    if (ms < 119_500) return `${this.number(ms / 1000)} s`;
    if (ms < 7_170_000) return `${this.number(ms / 60_000)} min`;
    return `${this.number(ms / 3_600_000, 1)} h`;
  };

  bytes = (value: number): string => {
    const [unit, size] = value < 1e6 ? ['kB', 1e3] : value < 1e9 ? ['MB', 1e6] : ['GB', 1e9];
    return `${this.number(value / (size as number), value < (size as number) * 10 ? 1 : 0)} ${unit}`;
  };
}

/** The language that was chosen here, else the browser's. */
export class LanguageChoice {
  readonly chosen: Store<{ language: Language }>;

  constructor() {
    const stored = localStorage.getItem(storageKey);
    const wanted = [stored, ...navigator.languages].map((tag) => tag?.slice(0, 2));
    const code = wanted.find((tag): tag is LanguageCode => tag === 'de' || tag === 'en') ?? 'en';
    this.chosen = new Store({ language: new Language(code) });
    document.documentElement.lang = code;
  }

  choose(code: LanguageCode): void {
    localStorage.setItem(storageKey, code);
    document.documentElement.lang = code;
    this.chosen.set({ language: new Language(code) });
  }
}

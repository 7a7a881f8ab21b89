import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Board, Knowledge } from '../board/board.js';
import { useStore } from '../board/store.js';
import type { Language, LanguageChoice } from '../i18n/language.js';
import type { Router } from './route.js';
import type { ThemeChoice } from './theme.js';

/** What every view may use. */
export interface App {
  board: Board;
  router: Router;
  languages: LanguageChoice;
  themes: ThemeChoice;
}

export const AppContext = createContext<App | undefined>(undefined);

export function useApp(): App {
  const app = useContext(AppContext);
  if (app === undefined) throw new Error('a view outside of the page');
  return app;
}

export function useLanguage(): Language {
  return useStore(useApp().languages.chosen, ({ language }) => language);
}

export function useBoard<Part>(choose: (known: Knowledge) => Part): Part {
  return useStore(useApp().board.known, choose);
}

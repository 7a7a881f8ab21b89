import { render } from 'preact';
import { lazy, Suspense } from 'preact/compat';
import { useEffect } from 'preact/hooks';
import { AppContext, useApp, useBoard, useLanguage } from './app/context.js';
import { Locked } from './app/locked.js';
import { hrefOf, Router } from './app/route.js';
import { Shell } from './app/shell.js';
import { ThemeChoice } from './app/theme.js';
import { Board } from './board/board.js';
import { useStore } from './board/store.js';
import { Empty } from './components/messages.js';
import { LanguageChoice } from './i18n/language.js';
import { LiveView } from './views/live/live.js';
import './styles/base.css';
import './styles/shell.css';
import './styles/views.css';

// What is not looked at first is loaded when it is: the first picture stands sooner.
const views = {
  live: LiveView,
  areas: lazy(async () => (await import('./views/areas/areas.js')).AreasView),
  events: lazy(async () => (await import('./views/events/events.js')).EventsView),
  performance: lazy(async () => (await import('./views/performance/performance.js')).PerformanceView),
  settings: lazy(async () => (await import('./views/settings/settings.js')).SettingsView),
  welcome: lazy(async () => (await import('./views/welcome/welcome.js')).WelcomeView),
};

function Page() {
  const { router } = useApp();
  const { t } = useLanguage();
  const view = useStore(router.current, ({ route }) => route.view);
  const isLocked = useBoard((known) => known.link === 'locked');
  const isFirstRun = useBoard((known) => known.info?.firstRun ?? false);
  useEffect(() => {
    // Only whoever asked for nothing in particular is led through the first run.
    if (isFirstRun && location.hash === '') location.replace(hrefOf('welcome'));
  }, [isFirstRun]);
  const View = views[view];
  return (
    <Shell>
      {isLocked ? (
        <Locked />
      ) : (
        <Suspense fallback={<Empty text={t('loading')} />}>
          <View />
        </Suspense>
      )}
    </Shell>
  );
}

const app = {
  board: new Board(),
  router: new Router(),
  languages: new LanguageChoice(),
  themes: new ThemeChoice(),
};
void app.board.start();
render(
  <AppContext.Provider value={app}>
    <Page />
  </AppContext.Provider>,
  document.getElementById('page') as HTMLElement,
);

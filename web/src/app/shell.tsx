import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useStore } from '../board/store.js';
import { Icon, type IconName } from '../components/icon.js';
import { useNow } from '../components/use-now.js';
import { useApp, useBoard, useLanguage } from './context.js';
import { hrefOf, type ViewName } from './route.js';

const places: readonly { view: ViewName; icon: IconName }[] = [
  { view: 'live', icon: 'live' },
  { view: 'areas', icon: 'areas' },
  { view: 'events', icon: 'events' },
  { view: 'performance', icon: 'performance' },
  { view: 'settings', icon: 'settings' },
];

/** What stands around every view: who this is, where one can go, and whether the board is there. */
export function Shell({ children }: { children: ComponentChildren }) {
  const { router } = useApp();
  const { t } = useLanguage();
  const route = useStore(router.current, (current) => current.route);
  const info = useBoard((known) => known.info);
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = `${t(`view.${route.view}`)} · ${info?.node ?? 'MINSPNET'}`;
    // Whoever uses a keyboard or a screen reader goes on in the new view, not in the list of views.
    if (!isFirst.current) main.current?.focus({ preventScroll: true });
    isFirst.current = false;
  }, [route.view]);
  return (
    <div class="shell">
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        {t('shell.skip')}
      </button>
      <header class="rail">
        <div class="brand">
          <strong>{info?.node ?? 'MINSPNET'}</strong>
          <span class="quiet">{info?.board ?? ''}</span>
        </div>
        <nav aria-label={t('shell.views')}>
          <ul>
            {places.map(({ view, icon }) => (
              <li key={view}>
                <a href={hrefOf(view)} aria-current={route.view === view ? 'page' : undefined}>
                  <Icon name={icon} />
                  {t(`view.${view}`)}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <footer>
          <LinkState />
          <div class="row">
            <ThemeSwitch />
            <LanguageSwitch />
          </div>
        </footer>
      </header>
      <div class="notices" role="status">
        <Notices />
      </div>
      <main id="main" ref={main} tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

function LinkState() {
  const { t } = useLanguage();
  const link = useBoard((known) => known.link);
  const tone = link === 'open' ? 'good' : link === 'lost' ? 'bad' : 'warn';
  return (
    <p class="link-state">
      <span class={`dot ${tone}`} />
      <span>{t(`link.${link}`)}</span>
    </p>
  );
}

/** The board says something every five seconds: after this, what is shown may not be so any more, ms. */
const oldAfterMs = 12_000;

/** What makes all that is shown old, in plain words. */
function Notices() {
  const { t, time, duration } = useLanguage();
  const link = useBoard((known) => known.link);
  const heardAt = useBoard((known) => known.heardAt);
  const hasOtherVersion = useBoard((known) => known.hasOtherVersion);
  const now = useNow(1000);
  const isOld = heardAt !== null && now - heardAt > oldAfterMs;
  return (
    <>
      {link === 'lost' && heardAt === null && <p class="note bad">{t('notice.never')}</p>}
      {link !== 'open' && link !== 'locked' && heardAt !== null && (
        <p class="note bad">{t('notice.lost', { time: time(heardAt), age: duration(Math.max(0, now - heardAt)) })}</p>
      )}
      {link === 'open' && isOld && <p class="note warn">{t('notice.silent', { time: time(heardAt) })}</p>}
      {hasOtherVersion && (
        <p class="note">
          {t('notice.version')}
          <button type="button" onClick={() => location.reload()}>
            {t('notice.reload')}
          </button>
        </p>
      )}
    </>
  );
}

function ThemeSwitch() {
  const { themes } = useApp();
  const { t } = useLanguage();
  const theme = useStore(themes.chosen, (chosen) => chosen.theme);
  const isDark = theme === 'dark' || (theme === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);
  return (
    <button
      type="button"
      class="plain"
      title={t(isDark ? 'shell.light' : 'shell.dark')}
      aria-label={t(isDark ? 'shell.light' : 'shell.dark')}
      onClick={() => {
        const isSystemDark = matchMedia('(prefers-color-scheme: dark)').matches;
        const wanted = isDark ? 'light' : 'dark';
        themes.choose((wanted === 'dark') === isSystemDark ? 'system' : wanted);
      }}
    >
      <Icon name={isDark ? 'sun' : 'moon'} />
    </button>
  );
}

function LanguageSwitch() {
  const { languages } = useApp();
  const { code } = useLanguage();
  const other = code === 'en' ? 'de' : 'en';
  return (
    <button
      type="button"
      class="plain"
      lang={other}
      aria-label={other === 'de' ? 'DE, Deutsch' : 'EN, English'}
      title={other === 'de' ? 'Deutsch' : 'English'}
      onClick={() => languages.choose(other)}
    >
      {other.toUpperCase()}
    </button>
  );
}

import { useApp, useLanguage } from '../../app/context.js';
import { hrefOf } from '../../app/route.js';
import { useStore } from '../../board/store.js';
import { Activity } from './activity.js';
import { Charts } from './charts.js';
import { Measure } from './measure.js';

const parts = ['charts', 'activity', 'measure'] as const;

/** What the board does, what it costs, and what it counted. */
export function PerformanceView() {
  const { router } = useApp();
  const { t } = useLanguage();
  const subject = useStore(router.current, ({ route }) => route.subject);
  const part = parts.find((name) => name === subject) ?? 'charts';
  return (
    <>
      <div class="view-head">
        <h1>{t('view.performance')}</h1>
        <nav class="picker" aria-label={t('performance.parts')}>
          {parts.map((name) => (
            <a
              key={name}
              class="button"
              href={hrefOf('performance', name)}
              aria-current={part === name ? 'true' : undefined}
            >
              {t(`performance.${name}`)}
            </a>
          ))}
        </nav>
      </div>
      {part === 'charts' && <Charts />}
      {part === 'activity' && <Activity />}
      {part === 'measure' && <Measure />}
    </>
  );
}

import { useBoard, useLanguage } from '../app/context.js';
import { hrefOf, type ViewName } from '../app/route.js';

/** Links to the same view of each camera. */
export function CameraPicker({
  view,
  chosen,
  withAll = false,
  prefix = '',
}: {
  view: ViewName;
  chosen: string | undefined;
  withAll?: boolean;
  /** Of the subject, before the camera's name. */
  prefix?: string;
}) {
  const { t } = useLanguage();
  const cameras = useBoard((known) => known.cameras) ?? [];
  const tone = (state: string | undefined) => (state === 'live' ? 'good' : state === 'failed' ? 'bad' : 'warn');
  return (
    <nav class="picker" aria-label={t('shell.cameras')}>
      {withAll && (
        <a class="button" href={hrefOf(view)} aria-current={chosen === undefined ? 'true' : undefined}>
          {t('live.all')}
        </a>
      )}
      {cameras.map(({ name, status }) => (
        <a
          key={name}
          class="button"
          href={hrefOf(view, `${prefix}${name}`)}
          aria-current={chosen === name ? 'true' : undefined}
        >
          <span class={`dot ${tone(status?.state)}`} title={status ? t(`camera.${status.state}`) : ''} />
          {name}
        </a>
      ))}
    </nav>
  );
}

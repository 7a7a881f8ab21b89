import type { HttpSettings } from '../../../../src/contract/http.js';
import { useApp, useBoard, useLanguage } from '../../app/context.js';
import { hrefOf } from '../../app/route.js';
import { useStore } from '../../board/store.js';
import { Empty, Failure } from '../../components/messages.js';
import { useAnswer } from '../../components/use-answer.js';
import { AddCamera } from './add-camera.js';
import { BrokerSettings } from './broker.js';
import { CameraSettings } from './camera.js';

const parts = ['cameras', 'add', 'broker', 'file'] as const;

/** What can be set from here; the rest stands in the file. */
export function SettingsView() {
  const { router } = useApp();
  const { t } = useLanguage();
  const subject = useStore(router.current, ({ route }) => route.subject);
  const part = parts.find((name) => name === subject) ?? 'cameras';
  const info = useBoard((known) => known.info);
  const cameras = useBoard((known) => known.cameras);
  return (
    <>
      <div class="view-head">
        <h1>{t('view.settings')}</h1>
        <nav class="picker" aria-label={t('settings.parts')}>
          {parts.map((name) => (
            <a
              key={name}
              class="button"
              href={hrefOf('settings', name)}
              aria-current={part === name ? 'true' : undefined}
            >
              {t(`settings.${name}`)}
            </a>
          ))}
        </nav>
      </div>
      {info?.firstRun && (
        <p class="note">
          {t('settings.first-run')}
          <a class="button" href={hrefOf('welcome')}>
            {t('settings.set-up')}
          </a>
        </p>
      )}
      {info && !info.writable && <p class="note warn">{t('settings.read-only')}</p>}
      {part === 'cameras' &&
        (cameras ? (
          <div class="charts">
            {cameras.map((camera) => (
              <CameraSettings key={camera.name} camera={camera} />
            ))}
          </div>
        ) : (
          <Empty text={t('loading')} />
        ))}
      {part === 'add' && <AddCamera />}
      {part === 'broker' && <BrokerSettings />}
      {part === 'file' && <File />}
    </>
  );
}

/** All that is in force, as the board says it: secrets are masked there, not here. */
function File() {
  const { t } = useLanguage();
  const { value, error } = useAnswer<HttpSettings>('/api/settings');
  return (
    <section class="card">
      <h2>{t('settings.in-force')}</h2>
      {value && <p class="quiet">{value.file === null ? t('settings.no-file') : <code>{value.file}</code>}</p>}
      {error && <Failure error={error} />}
      {value && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
        <pre class="scroll tall" tabIndex={0}>
          {JSON.stringify(value.settings, null, 2)}
        </pre>
      )}
    </section>
  );
}

import { useState } from 'preact/hooks';
import type { HttpSettings, NewBroker, Saved } from '../../../../src/contract/http.js';
import { useApp, useBoard, useLanguage } from '../../app/context.js';
import { BrokerForm, cleaned } from '../../components/broker-form.js';
import { Failure } from '../../components/messages.js';
import { SavedNote } from '../../components/saved-note.js';
import { useAnswer } from '../../components/use-answer.js';
import { useTask } from '../../components/use-task.js';

/** Where events go, and whether they would be taken there. */
export function BrokerSettings() {
  const { board } = useApp();
  const { t, number } = useLanguage();
  const info = useBoard((known) => known.info);
  const health = useBoard((known) => known.health);
  const { value, error, again } = useAnswer<HttpSettings>('/api/settings');
  const inForce = (value?.settings as { mqtt?: { url?: string; username?: string } } | undefined)?.mqtt;
  const [broker, setBroker] = useState<NewBroker>({ url: '' });
  const [saved, setSaved] = useState<Saved>();
  const task = useTask();
  const save = () =>
    task.run(async () => {
      const { url, username, password } = cleaned(broker);
      const changes = [
        { path: ['mqtt', 'url'], value: url },
        { path: ['mqtt', 'username'], value: username ?? null },
        { path: ['mqtt', 'password'], value: password ?? null },
      ];
      setSaved(await board.save('/api/settings', 'PATCH', { changes }));
      again();
    });
  return (
    <section class="card narrow">
      <h2>{t('settings.broker')}</h2>
      {error && <Failure error={error} />}
      <dl class="facts">
        <dt>{t('broker.now')}</dt>
        <dd>{inForce?.url ?? t('broker.own')}</dd>
        {health && (
          <>
            <dt>{t('broker.waiting')}</dt>
            <dd>{number(health.outbox.waiting)}</dd>
            <dt>{t('broker.answers')}</dt>
            <dd>{health.broker ? `${number(health.broker.medianMs, 1)} ms` : t('broker.silent')}</dd>
          </>
        )}
      </dl>
      <BrokerForm
        broker={broker}
        onChange={(changed) => {
          setBroker(changed);
          setSaved(undefined);
        }}
      />
      {task.error && <Failure error={task.error} />}
      {saved && <SavedNote saved={saved} />}
      <div class="row">
        <button
          type="button"
          class="primary"
          disabled={broker.url.trim() === '' || task.isBusy || info?.writable === false}
          onClick={() => void save()}
        >
          {t(task.isBusy ? 'saving' : 'save')}
        </button>
      </div>
    </section>
  );
}

import { useMemo, useState } from 'preact/hooks';
import type { Explanation } from '../../../../src/contract/explanation.js';
import type { HttpCamera, HttpEvents, Saved } from '../../../../src/contract/http.js';
import { useApp, useBoard, useLanguage } from '../../app/context.js';
import { hrefOf } from '../../app/route.js';
import { addressOf } from '../../board/http.js';
import { ClassChoice } from '../../components/class-choice.js';
import { Failure } from '../../components/messages.js';
import { SavedNote } from '../../components/saved-note.js';
import { useAnswer } from '../../components/use-answer.js';
import { useTask } from '../../components/use-task.js';
import { type Preview, previewOf, type Trial } from '../../settings/preview.js';

const hourMs = 3_600_000;

/** A camera's least score and classes, with what they would have made of the last hour. */
export function CameraSettings({ camera }: { camera: HttpCamera }) {
  const { board } = useApp();
  const { t, number } = useLanguage();
  const info = useBoard((known) => known.info);
  const inForce = useMemo<Trial>(
    () => ({ minScore: camera.settings.minScore, classes: camera.classes }),
    [camera.settings.minScore, camera.classes],
  );
  const [trial, setTrial] = useState<Trial>();
  const [saved, setSaved] = useState<Saved>();
  const task = useTask();
  const wanted = trial ?? inForce;
  const isChanged = JSON.stringify(wanted) !== JSON.stringify(inForce);
  const change = (part: Partial<Trial>) => {
    setSaved(undefined);
    setTrial({ ...wanted, ...part });
  };
  const save = () =>
    task.run(async () => {
      const at = (name: string) => ['cameras', camera.name, name];
      const changes = [
        ...(wanted.minScore === inForce.minScore ? [] : [{ path: at('minScore'), value: wanted.minScore }]),
        ...(wanted.classes === inForce.classes ? [] : [{ path: at('classes'), value: wanted.classes }]),
      ];
      setSaved(await board.save('/api/settings', 'PATCH', { changes }));
      setTrial(undefined);
    });
  return (
    <section class="card" aria-label={camera.name}>
      <header>
        <h2>{camera.name}</h2>
        <span class="quiet">
          {camera.source}
          {camera.status && ` · ${t(`camera.${camera.status.state}`)}`}
        </span>
      </header>
      <label class="field">
        <span>
          {t('settings.min-score')}{' '}
          <b>{wanted.minScore === null ? t('settings.model-own') : number(wanted.minScore, 2)}</b>
        </span>
        <input
          type="range"
          min="0.05"
          max="0.95"
          step="0.01"
          value={wanted.minScore ?? 0.5}
          onInput={(event) => change({ minScore: event.currentTarget.valueAsNumber })}
        />
      </label>
      <ClassChoice
        label={t('settings.classes')}
        classes={info?.classes ?? []}
        chosen={wanted.classes}
        onChange={(classes) => change({ classes })}
      />
      <LastHour camera={camera} trial={wanted} inForce={inForce} />
      {task.error && <Failure error={task.error} />}
      {saved && <SavedNote saved={saved} />}
      <div class="row">
        <button
          type="button"
          class="primary"
          disabled={!isChanged || task.isBusy || info?.writable === false}
          onClick={() => void save()}
        >
          {t(task.isBusy ? 'saving' : 'save')}
        </button>
        <button type="button" disabled={!isChanged} onClick={() => setTrial(undefined)}>
          {t('areas.discard')}
        </button>
        <span class="grow" />
        <a class="button" href={hrefOf('areas', camera.name)}>
          {t('view.areas')}
        </a>
      </div>
    </section>
  );
}

function LastHour({ camera, trial, inForce }: { camera: HttpCamera; trial: Trial; inForce: Trial }) {
  const { t, number } = useLanguage();
  const [since] = useState(() => new Date(Date.now() - hourMs).toISOString());
  const events = useAnswer<HttpEvents>('/api/events', { camera: camera.name, after: since, limit: 500 });
  const explanation = useAnswer<Explanation>('/api/explain', { camera: camera.name, seconds: 3600 });
  const preview = useMemo<Preview>(
    () => previewOf(trial, inForce, events.value?.events ?? [], explanation.value?.candidates ?? []),
    [trial, inForce, events.value, explanation.value],
  );
  const thumbs = [...preview.lost, ...preview.kept].filter(({ snapshot }) => snapshot !== null).slice(0, 12);
  return (
    <div class="preview">
      <h3>{t('preview.title')}</h3>
      <dl class="row">
        <Count label={t('preview.kept')} count={events.value ? number(preview.kept.length) : '–'} />
        <Count
          label={t('preview.lost')}
          count={events.value ? number(preview.lost.length) : '–'}
          tone={preview.lost.length > 0 ? 'warn' : ''}
        />
        <Count label={t('preview.perhaps')} count={explanation.value ? number(preview.perhaps.length) : '–'} />
      </dl>
      <ul class="thumbs">
        {thumbs.map((record) => (
          <li key={record.id} class={preview.lost.includes(record) ? 'lost' : ''}>
            <a href={hrefOf('events', record.id)}>
              <img
                src={addressOf(record.snapshot ?? '')}
                alt={`${record.class} ${number(record.bestScore, 2)}`}
                loading="lazy"
                width="72"
                height="54"
              />
              <b>{number(record.bestScore, 2)}</b>
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Count({ label, count, tone = '' }: { label: string; count: string; tone?: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd class={tone}>{count}</dd>
    </div>
  );
}

import { useState } from 'preact/hooks';
import type { Saved } from '../../../../src/contract/http.js';
import { useApp, useBoard, useLanguage } from '../../app/context.js';
import { hrefOf } from '../../app/route.js';
import { nameRule } from '../../areas/shapes.js';
import { Failure } from '../../components/messages.js';
import { SavedNote } from '../../components/saved-note.js';
import { SourceForm, type TestedSource } from '../../components/source-form.js';
import { useTask } from '../../components/use-task.js';

/** A camera that has given a test picture goes into the settings. */
export function AddCamera() {
  const { board } = useApp();
  const { t } = useLanguage();
  const cameras = useBoard((known) => known.cameras) ?? [];
  const info = useBoard((known) => known.info);
  const [tested, setTested] = useState<TestedSource>();
  const [name, setName] = useState('');
  const [saved, setSaved] = useState<{ saved: Saved; name: string }>();
  const task = useTask();
  const isTaken = cameras.some((camera) => camera.name === name);
  const isFit = nameRule.test(name) && !isTaken;
  const add = () =>
    task.run(async () => {
      if (!tested) return;
      const changes = [{ path: ['cameras', name], value: tested.camera }];
      setSaved({ saved: await board.save('/api/settings', 'PATCH', { changes }), name });
      setTested(undefined);
    });
  return (
    <section class="card narrow">
      <h2>{t('settings.add')}</h2>
      <SourceForm
        onTested={(source) => {
          setTested(source);
          setSaved(undefined);
          if (source && name === '') setName(source.suggestedName);
        }}
      />
      {tested && (
        <form
          class="stack"
          onSubmit={(event) => {
            event.preventDefault();
            void add();
          }}
        >
          <label class="field">
            <span>{t('source.name')}</span>
            <input
              type="text"
              required
              maxLength={64}
              value={name}
              aria-invalid={name !== '' && !isFit}
              onInput={(event) => setName(event.currentTarget.value)}
            />
          </label>
          {name !== '' && !isFit && <p class="mistake">{t(isTaken ? 'areas.name.taken' : 'areas.name.signs')}</p>}
          <button type="submit" class="primary" disabled={!isFit || task.isBusy || info?.writable === false}>
            {t('source.add')}
          </button>
        </form>
      )}
      {task.error && <Failure error={task.error} />}
      {saved && (
        <>
          <SavedNote saved={saved.saved} />
          <a class="button" href={hrefOf('areas', saved.name)}>
            {t('source.draw')}
          </a>
        </>
      )}
    </section>
  );
}

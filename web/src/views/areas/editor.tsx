import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import type { HttpCamera, Saved } from '../../../../src/contract/http.js';
import { useApp, useLanguage } from '../../app/context.js';
import { geometryOf, shapesOf } from '../../areas/document.js';
import { canFinish, type Draft, shapeOfDraft } from '../../areas/draft.js';
import { History } from '../../areas/history.js';
import { crossesItself, nameMistake, type Shape, type ShapeKind } from '../../areas/shapes.js';
import { BoardError } from '../../board/http.js';
import { Icon } from '../../components/icon.js';
import { LivePicture } from '../../components/live-picture.js';
import { Failure } from '../../components/messages.js';
import { SavedNote } from '../../components/saved-note.js';
import { AreaCanvas } from './canvas.js';
import { ShapeCard } from './shape-card.js';

const noLayers = { boxes: true, trails: false, areas: false };
const tools: readonly ShapeKind[] = ['zone', 'line', 'mask', 'region'];

interface Properties {
  camera: HttpCamera;
  isWritable: boolean;
  /** All that the model knows. */
  classes: readonly string[];
  /** After saving. */
  onSaved?: () => void;
}

/** Draws on a camera's picture; nothing counts before it is saved. */
export function AreaEditor({ camera, isWritable, classes, onSaved }: Properties) {
  const { board, router } = useApp();
  const { t } = useLanguage();
  const [history, setHistory] = useState(() => History.of<readonly Shape[]>(shapesOf(camera.geometry)));
  const [base, setBase] = useState(() => JSON.stringify(camera.geometry));
  const [selected, setSelected] = useState<string>();
  const [draft, setDraft] = useState<Draft>();
  const [saved, setSaved] = useState<Saved>();
  const [error, setError] = useState<BoardError>();
  const [isSaving, setSaving] = useState(false);

  const shapes = history.present;
  const written = useMemo(() => JSON.stringify(normal(geometryOf(shapes))), [shapes]);
  const inForce = JSON.stringify(camera.geometry);
  const isChanged = written !== JSON.stringify(normal(JSON.parse(base)));
  const isForeign = inForce !== base;
  const hasMistake = shapes.some((shape) => nameMistake(shapes, shape) !== undefined);

  const load = useCallback(() => {
    setHistory(History.of<readonly Shape[]>(shapesOf(camera.geometry)));
    setBase(JSON.stringify(camera.geometry));
    setSelected(undefined);
    setDraft(undefined);
  }, [camera.geometry]);
  // Somebody else has changed them, and nothing here would be lost.
  useEffect(() => {
    if (isForeign && !isChanged && !draft) load();
  }, [inForce]);

  useEffect(() => {
    if (!isChanged) return;
    router.mayLeave = () => confirm(t('areas.leave'));
    return () => {
      router.mayLeave = undefined;
    };
  }, [isChanged, t]);

  const change = (next: readonly Shape[], gesture?: string) => {
    setSaved(undefined);
    setHistory((before) => before.change(next, gesture));
  };
  const replace = (shape: Shape, gesture?: string) =>
    setHistory((before) => {
      const next = before.present.map((each) => (each.key === shape.key ? shape : each));
      return before.change(next, gesture);
    });
  const remove = (key: string) => {
    change(shapes.filter((shape) => shape.key !== key));
    setSelected(undefined);
  };
  const finish = (drawn: Draft) => {
    const shape = shapeOfDraft(drawn, shapes, t(`areas.stem.${drawn.kind}`));
    if (!shape) return;
    const others = shape.kind === 'region' ? shapes.filter(({ kind }) => kind !== 'region') : shapes;
    change([...others, shape]);
    setDraft(undefined);
    setSelected(shape.key);
  };
  const undo = () => setHistory((before) => before.undo());
  const redo = () => setHistory((before) => before.redo());

  const save = async () => {
    setSaving(true);
    setError(undefined);
    try {
      const geometry = geometryOf(shapes);
      setSaved(await board.save(`/api/cameras/${encodeURIComponent(camera.name)}/geometry`, 'PUT', geometry));
      setBase(JSON.stringify(geometry));
      onSaved?.();
    } catch (thrown) {
      setError(thrown instanceof BoardError ? thrown : new BoardError(String(thrown), 'PAGE', 0, { cause: thrown }));
    } finally {
      setSaving(false);
    }
  };

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.target instanceof HTMLInputElement) return;
      const key = event.key.toLowerCase();
      if (key === 'z' && !event.shiftKey) undo();
      else if (key === 'y' || (key === 'z' && event.shiftKey)) redo();
      else return;
      event.preventDefault();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);

  return (
    <div class="areas">
      <div class="stage">
        <div class="row tools" role="toolbar" aria-label={t('areas.tools')}>
          {tools.map((kind) => (
            <button
              key={kind}
              type="button"
              aria-pressed={draft?.kind === kind}
              onClick={() => {
                setSelected(undefined);
                setDraft(draft?.kind === kind ? undefined : { kind, points: [] });
              }}
            >
              <Icon name="plus" />
              {t(`shape.${kind}`)}
            </button>
          ))}
          <span class="grow" />
          <button
            type="button"
            aria-label={t('areas.undo')}
            title={t('areas.undo')}
            disabled={!history.canUndo}
            onClick={undo}
          >
            <Icon name="undo" />
          </button>
          <button
            type="button"
            aria-label={t('areas.redo')}
            title={t('areas.redo')}
            disabled={!history.canRedo}
            onClick={redo}
          >
            <Icon name="redo" />
          </button>
        </div>
        <LivePicture camera={camera} layers={noLayers}>
          <AreaCanvas
            shapes={shapes}
            selected={selected}
            draft={draft}
            onSelect={setSelected}
            onChange={(shape, gesture) => {
              setSaved(undefined);
              replace(shape, gesture);
            }}
            onRemove={remove}
            onDraft={setDraft}
            onFinish={finish}
          />
        </LivePicture>
        <div class="row hint">
          <p class="quiet grow">{t(draft ? `areas.hint.${draft.kind}` : 'areas.hint')}</p>
          {draft && (
            <>
              {(draft.kind === 'zone' || draft.kind === 'mask') && (
                <button type="button" class="primary" disabled={!canFinish(draft)} onClick={() => finish(draft)}>
                  {t('areas.done')}
                </button>
              )}
              <button type="button" onClick={() => setDraft(undefined)}>
                {t('cancel')}
              </button>
            </>
          )}
        </div>
      </div>
      <aside class="stack">
        {shapes.length === 0 && <p class="card quiet">{t('areas.none')}</p>}
        <ul class="stack shapes">
          {shapes.map((shape) => (
            <li key={shape.key}>
              <ShapeCard
                shape={shape}
                classes={classes}
                isSelected={shape.key === selected}
                mistake={nameMistake(shapes, shape)}
                isTwisted={(shape.kind === 'zone' || shape.kind === 'mask') && crossesItself(shape.points)}
                onSelect={() => setSelected(shape.key === selected ? undefined : shape.key)}
                onChange={(changed, gesture) => {
                  setSaved(undefined);
                  replace(changed, gesture);
                }}
                onRemove={() => remove(shape.key)}
              />
            </li>
          ))}
        </ul>
        <div class="card save">
          {isForeign && isChanged && (
            <p class="note warn">
              {t('areas.foreign')}
              <button type="button" onClick={load}>
                {t('areas.reload')}
              </button>
            </p>
          )}
          {!isWritable && <p class="note warn">{t('settings.read-only')}</p>}
          {error && <Failure error={error} />}
          {saved && !isChanged && <SavedNote saved={saved} />}
          <div class="row">
            <button
              type="button"
              class="primary grow"
              disabled={!isChanged || hasMistake || isSaving || !isWritable}
              onClick={() => void save()}
            >
              {t(isSaving ? 'saving' : 'save')}
            </button>
            <button type="button" disabled={!isChanged || isSaving} onClick={load}>
              {t('areas.discard')}
            </button>
          </div>
        </div>
      </aside>
    </div>
  );
}

/** Names in order, so that a record that was put together in another order is the same. */
function normal(geometry: ReturnType<typeof geometryOf>): unknown {
  const sorted = (record: object) => Object.fromEntries(Object.entries(record).sort(([a], [b]) => a.localeCompare(b)));
  return {
    zones: sorted(geometry.zones),
    lines: sorted(geometry.lines),
    masks: sorted(geometry.masks),
    region: geometry.region,
  };
}

import { useState } from 'preact/hooks';
import { useLanguage } from '../../app/context.js';
import { canFinish, type Draft, shapeOfDraft } from '../../areas/draft.js';
import { nameMistake, type Shape, type ShapeKind } from '../../areas/shapes.js';
import { Icon } from '../../components/icon.js';
import { AreaCanvas } from '../areas/canvas.js';
import { ShapeCard } from '../areas/shape-card.js';

const tools: readonly ShapeKind[] = ['zone', 'line'];

/** Zones and lines over the test picture of a camera that is not there yet. */
export function ZoneStep({
  picture,
  shapes,
  classes,
  onChange,
}: {
  picture: string;
  shapes: readonly Shape[];
  classes: readonly string[];
  onChange(shapes: readonly Shape[]): void;
}) {
  const { t } = useLanguage();
  const [draft, setDraft] = useState<Draft>();
  const [selected, setSelected] = useState<string>();
  const replace = (shape: Shape) => onChange(shapes.map((each) => (each.key === shape.key ? shape : each)));
  const remove = (key: string) => onChange(shapes.filter((shape) => shape.key !== key));
  const finish = (drawn: Draft) => {
    const shape = shapeOfDraft(drawn, shapes, t(`areas.stem.${drawn.kind}`));
    if (!shape) return;
    onChange([...shapes, shape]);
    setDraft(undefined);
    setSelected(shape.key);
  };
  return (
    <>
      <div class="row">
        {tools.map((kind) => (
          <button
            key={kind}
            type="button"
            aria-pressed={draft?.kind === kind}
            onClick={() => setDraft(draft?.kind === kind ? undefined : { kind, points: [] })}
          >
            <Icon name="plus" />
            {t(`shape.${kind}`)}
          </button>
        ))}
        {draft && (draft.kind === 'zone' || draft.kind === 'mask') && (
          <button type="button" class="primary" disabled={!canFinish(draft)} onClick={() => finish(draft)}>
            {t('areas.done')}
          </button>
        )}
      </div>
      <figure class="picture">
        <img src={picture} alt={t('source.picture')} />
        <AreaCanvas
          shapes={shapes}
          selected={selected}
          draft={draft}
          onSelect={setSelected}
          onChange={replace}
          onRemove={remove}
          onDraft={setDraft}
          onFinish={finish}
        />
      </figure>
      <p class="quiet">{t(draft ? `areas.hint.${draft.kind}` : 'areas.hint')}</p>
      {shapes.map((shape) => (
        <ShapeCard
          key={shape.key}
          shape={shape}
          classes={classes}
          isSelected={shape.key === selected}
          mistake={nameMistake(shapes, shape)}
          isTwisted={false}
          onSelect={() => setSelected(shape.key === selected ? undefined : shape.key)}
          onChange={replace}
          onRemove={() => remove(shape.key)}
        />
      ))}
    </>
  );
}

import { useLanguage } from '../../app/context.js';
import { type NameMistake, type Shape, turnLine } from '../../areas/shapes.js';
import { ClassChoice } from '../../components/class-choice.js';
import { Icon } from '../../components/icon.js';
import { shapeColours } from '../../draw/colours.js';

interface Properties {
  shape: Shape;
  classes: readonly string[];
  isSelected: boolean;
  mistake: NameMistake | undefined;
  isTwisted: boolean;
  onSelect(): void;
  /** Changes with the same gesture are one step to take back. */
  onChange(shape: Shape, gesture?: string): void;
  onRemove(): void;
}

/** A shape's name and what counts in it; the open one shows everything. */
export function ShapeCard({
  shape,
  classes,
  isSelected,
  mistake,
  isTwisted,
  onSelect,
  onChange,
  onRemove,
}: Properties) {
  const { t, className } = useLanguage();
  const title = shape.kind === 'region' ? t('shape.region') : shape.name || t('areas.nameless');
  const about =
    shape.kind === 'region'
      ? t('areas.about.region')
      : `${t(`shape.${shape.kind}`)} · ${shape.classes?.map(className).join(', ') ?? t('classes.all')}`;
  return (
    <section class={`card shape-card ${isSelected ? 'open' : ''}`}>
      <button type="button" class="plain head" aria-expanded={isSelected} onClick={onSelect}>
        <i class="swatch" style={{ background: shapeColours[shape.kind] }} />
        <span class="grow">
          <strong>{title}</strong>
          <span class="quiet">{about}</span>
        </span>
      </button>
      {mistake && <p class="mistake">{t(`areas.name.${mistake}`)}</p>}
      {isTwisted && <p class="note warn">{t('areas.twisted')}</p>}
      {isSelected && (
        <>
          {shape.kind !== 'region' && (
            <label class="field">
              <span>{t('areas.name')}</span>
              <input
                type="text"
                value={shape.name}
                maxLength={64}
                aria-invalid={mistake !== undefined}
                onInput={(event) => onChange({ ...shape, name: event.currentTarget.value }, `name-${shape.key}`)}
              />
            </label>
          )}
          {shape.kind !== 'region' && (
            <ClassChoice
              label={t('areas.classes')}
              classes={classes}
              chosen={shape.classes}
              onChange={(chosen) => onChange({ ...shape, classes: chosen })}
            />
          )}
          {shape.kind === 'zone' && (
            <label class="field">
              <span>{t('areas.dwell')}</span>
              <input
                type="number"
                min="0.1"
                max="86400"
                step="any"
                placeholder={t('areas.dwell.none')}
                value={shape.dwellSeconds ?? ''}
                onInput={(event) => {
                  const seconds = event.currentTarget.valueAsNumber;
                  const dwellSeconds = seconds > 0 && seconds <= 86_400 ? seconds : null;
                  onChange({ ...shape, dwellSeconds }, `dwell-${shape.key}`);
                }}
              />
            </label>
          )}
          {shape.kind === 'line' && <p class="quiet">{t('areas.about.line')}</p>}
          {shape.kind === 'mask' && <p class="quiet">{t('areas.about.mask')}</p>}
          <div class="row">
            {shape.kind === 'line' && (
              <button type="button" onClick={() => onChange(turnLine(shape))}>
                <Icon name="turn" />
                {t('areas.turn')}
              </button>
            )}
            <span class="grow" />
            <button type="button" onClick={onRemove}>
              <Icon name="bin" />
              {t('remove')}
            </button>
          </div>
        </>
      )}
    </section>
  );
}

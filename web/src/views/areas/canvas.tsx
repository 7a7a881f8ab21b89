import { useEffect, useRef, useState } from 'preact/hooks';
import type { Point } from '../../../../src/contract/geometry.js';
import { useLanguage } from '../../app/context.js';
import { type Draft, isComplete, withCorner } from '../../areas/draft.js';
import { cornersOf, insertCorner, moveCorner, moveShape, removeCorner, type Shape } from '../../areas/shapes.js';
import { shapeColours } from '../../draw/colours.js';
import { distance, insidePicture, middleOf } from '../../draw/geometry.js';
import { DraftOutline, Handles, Outline } from './outlines.js';

interface Properties {
  shapes: readonly Shape[];
  selected: string | undefined;
  draft: Draft | undefined;
  onSelect(key: string | undefined): void;
  /** Changes with the same gesture are one step to take back. */
  onChange(shape: Shape, gesture: string): void;
  onRemove(key: string): void;
  onDraft(draft: Draft | undefined): void;
  onFinish(draft: Draft): void;
}

/** A drag that has begun. */
interface Drag {
  pointer: number;
  gesture: string;
  shape: Shape;
  /** Of a corner; undefined: the whole shape. */
  corner: number | undefined;
  from: Point;
}

/** The first corner of a polygon is met within this, CSS pixels: a fingertip. */
const closeWithin = 16;
/** By how much an arrow key moves, fraction of the picture; with Shift it is a tenth. */
const keyStep = 0.01;
const steps: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

function stepOf(event: KeyboardEvent): [number, number] | undefined {
  const step = steps[event.key];
  const size = event.shiftKey ? keyStep / 10 : keyStep;
  return step && [step[0] * size, step[1] * size];
}

/**
 * Shapes over the picture, for mouse, finger and keyboard. Handles are elements, so a keyboard and a screen reader find
 * them. SVG's attributes are case-sensitive: a `tabIndex` would be none.
 */
export function AreaCanvas(properties: Properties) {
  const { shapes, selected, draft, onSelect, onChange, onRemove, onDraft, onFinish } = properties;
  const { t, percent } = useLanguage();
  const svg = useRef<SVGSVGElement>(null);
  const drag = useRef<Drag | undefined>(undefined);
  const gestures = useRef(0);
  const [size, setSize] = useState({ width: 1, height: 1 });
  const [cursor, setCursor] = useState<Point>();

  useEffect(() => {
    if (!svg.current) return;
    const resizes = new ResizeObserver(([entry]) => {
      if (entry) setSize({ width: entry.contentRect.width, height: entry.contentRect.height });
    });
    resizes.observe(svg.current);
    return () => resizes.disconnect();
  }, []);
  useEffect(() => {
    if (draft) svg.current?.focus({ preventScroll: true });
    else setCursor(undefined);
  }, [draft === undefined]);

  const place = (event: PointerEvent): Point => {
    const { left, top, width, height } = (svg.current as SVGSVGElement).getBoundingClientRect();
    return insidePicture([(event.clientX - left) / width, (event.clientY - top) / height]);
  };
  const gesture = () => {
    gestures.current += 1;
    return `gesture-${gestures.current}`;
  };

  /** A press on the picture while a shape is being drawn. */
  const draw = (point: Point) => {
    if (!draft) return;
    const [first] = draft.points;
    const isPolygon = draft.kind === 'zone' || draft.kind === 'mask';
    const pixels = (a: Point, b: Point) => Math.hypot((a[0] - b[0]) * size.width, (a[1] - b[1]) * size.height);
    if (isPolygon && first && draft.points.length >= 3 && pixels(first, point) <= closeWithin) {
      onFinish(draft);
      return;
    }
    const next = withCorner(draft, point);
    if (isComplete(next)) onFinish(next);
    else onDraft(next);
  };

  const begin = (event: PointerEvent, shape: Shape, corner: number | undefined) => {
    if (draft || event.button > 0) return;
    event.stopPropagation();
    onSelect(shape.key);
    svg.current?.setPointerCapture(event.pointerId);
    drag.current = { pointer: event.pointerId, gesture: gesture(), shape, corner, from: place(event) };
  };
  const down = (event: PointerEvent) => {
    if (event.button > 0 || !event.isPrimary) return;
    if (draft) {
      svg.current?.setPointerCapture(event.pointerId);
      draw(place(event));
    } else onSelect(undefined);
  };
  const move = (event: PointerEvent) => {
    if (draft) {
      setCursor(place(event));
      return;
    }
    const held = drag.current;
    if (!held || held.pointer !== event.pointerId) return;
    const to = place(event);
    const shape =
      held.corner === undefined
        ? moveShape(held.shape, to[0] - held.from[0], to[1] - held.from[1])
        : moveCorner(held.shape, held.corner, to);
    onChange(shape, held.gesture);
  };
  const up = (event: PointerEvent) => {
    drag.current = undefined;
    // A line or a region may be drawn in one stroke as well: press, draw, let go.
    const last = draft?.points.at(-1);
    const point = place(event);
    if (draft && last && !(draft.kind === 'zone' || draft.kind === 'mask') && distance(last, point) > 0.03) draw(point);
  };

  const drawByKey = (event: KeyboardEvent) => {
    if (!draft) return;
    const step = stepOf(event);
    const at = cursor ?? draft.points.at(-1) ?? [0.5, 0.5];
    if (step) setCursor(insidePicture([at[0] + step[0], at[1] + step[1]]));
    else if (event.key === ' ') draw(at);
    else if (event.key === 'Enter') onFinish(draft);
    else if (event.key === 'Escape') onDraft(undefined);
    else if (event.key === 'Backspace') onDraft({ ...draft, points: draft.points.slice(0, -1) });
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const changeByKey = (event: KeyboardEvent, shape: Shape, corner: number | undefined) => {
    const step = stepOf(event);
    const at = corner === undefined ? undefined : cornersOf(shape)[corner];
    if (step && at && corner !== undefined) {
      onChange(moveCorner(shape, corner, [at[0] + step[0], at[1] + step[1]]), `key-${shape.key}-${corner}`);
    } else if (step) onChange(moveShape(shape, step[0], step[1]), `key-${shape.key}`);
    else if (event.key === 'Delete' && corner === undefined) onRemove(shape.key);
    else if (event.key === 'Delete' && corner !== undefined) onChange(removeCorner(shape, corner), gesture());
    else if (event.key === '+' && corner !== undefined && at) {
      const next = cornersOf(shape)[(corner + 1) % cornersOf(shape).length] as Point;
      onChange(insertCorner(shape, middleOf([at, next]), corner + 1), gesture());
    } else if (event.key === 'Enter' || event.key === ' ') onSelect(shape.key);
    else if (event.key === 'Escape') onSelect(undefined);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const toPixels = ([x, y]: Point): [number, number] => [x * size.width, y * size.height];
  const listOf = (points: readonly Point[]) => points.map((point) => toPixels(point).join(',')).join(' ');
  const labelOf = (shape: Shape) => `${t(`shape.${shape.kind}`)} ${shape.name}`.trim();
  return (
    <svg
      ref={svg}
      class={draft ? 'area-canvas drawing' : 'area-canvas'}
      viewBox={`0 0 ${size.width} ${size.height}`}
      role="application"
      aria-label={draft ? t('areas.drawing', { what: t(`shape.${draft.kind}`) }) : t('areas.canvas')}
      tabindex={draft ? 0 : -1}
      onPointerDown={down}
      onPointerMove={move}
      onPointerUp={up}
      onPointerCancel={() => {
        drag.current = undefined;
      }}
      onDblClick={() => draft && onFinish(draft)}
      onKeyDown={drawByKey}
    >
      <title>{t('areas.canvas')}</title>
      <defs>
        <pattern id="hatch" width="9" height="9" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect width="9" height="9" fill="#000" fill-opacity="0.5" />
          <path d="M0 0V9" stroke="#fff" stroke-opacity="0.6" />
        </pattern>
      </defs>
      {shapes.map((shape) => (
        // biome-ignore lint/a11y/useSemanticElements: an element of SVG can be no button.
        <g
          key={shape.key}
          class={`shape ${shape.kind} ${shape.key === selected ? 'selected' : ''}`}
          role="button"
          tabindex={draft ? -1 : 0}
          aria-label={labelOf(shape)}
          aria-pressed={shape.key === selected}
          style={{ color: shapeColours[shape.kind] }}
          onPointerDown={(event) => begin(event, shape, undefined)}
          onFocus={() => !draft && onSelect(shape.key)}
          onKeyDown={(event) => changeByKey(event, shape, undefined)}
        >
          <Outline shape={shape} listOf={listOf} toPixels={toPixels} size={size} />
        </g>
      ))}
      {shapes
        .filter(({ key }) => key === selected && !draft)
        .map((shape) => (
          <Handles
            key={shape.key}
            shape={shape}
            toPixels={toPixels}
            label={(corner, [x, y]) =>
              t('areas.corner', { number: corner + 1, of: labelOf(shape), x: percent(x), y: percent(y) })
            }
            onGrab={(event, corner) => begin(event, shape, corner)}
            onSplit={(event, corner, middle) => {
              const split = insertCorner(shape, middle, corner + 1);
              const name = gesture();
              onChange(split, name);
              begin(event, split, corner + 1);
              if (drag.current) drag.current.gesture = name;
            }}
            onKey={(event, corner) => changeByKey(event, shape, corner)}
          />
        ))}
      {draft && <DraftOutline draft={draft} cursor={cursor} listOf={listOf} toPixels={toPixels} />}
    </svg>
  );
}

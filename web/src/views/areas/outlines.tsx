import type { Point } from '../../../../src/contract/geometry.js';
import type { Draft } from '../../areas/draft.js';
import { cornersOf, type Shape } from '../../areas/shapes.js';
import { shapeColours } from '../../draw/colours.js';
import { middleOf } from '../../draw/geometry.js';

type ToPixels = (point: Point) => [number, number];
type ListOf = (points: readonly Point[]) => string;

export function Outline({
  shape,
  listOf,
  toPixels,
  size,
}: {
  shape: Shape;
  listOf: ListOf;
  toPixels: ToPixels;
  size: { width: number; height: number };
}) {
  const corners = cornersOf(shape);
  const [x, y] = toPixels(middleOf(corners));
  if (shape.kind === 'line') {
    const [from, to] = [toPixels(shape.points[0]), toPixels(shape.points[1])];
    const length = Math.hypot(to[0] - from[0], to[1] - from[1]) || 1;
    // To the right of the direction from `from` to `to` lies b, as y points down.
    const [nx, ny] = [(-(to[1] - from[1]) / length) * 18, ((to[0] - from[0]) / length) * 18];
    return (
      <>
        <polyline class="reach" points={listOf(corners)} />
        <polyline class="halo" points={listOf(corners)} />
        <polyline class="edge" points={listOf(corners)} />
        <text x={x - nx} y={y - ny}>
          a
        </text>
        <text x={x + nx} y={y + ny}>
          b
        </text>
        <text x={from[0]} y={from[1] - 14}>
          {shape.name}
        </text>
      </>
    );
  }
  if (shape.kind === 'region') {
    const { width, height } = size;
    const [left, top] = toPixels(corners[0] as Point);
    const [right, bottom] = toPixels(corners[2] as Point);
    return (
      <>
        <path class="shade" d={`M0 0H${width}V${height}H0ZM${left} ${top}V${bottom}H${right}V${top}Z`} />
        <polygon class="halo" points={listOf(corners)} />
        <polygon class="edge" points={listOf(corners)} />
      </>
    );
  }
  return (
    <>
      <polygon class="fill" points={listOf(corners)} />
      <polygon class="halo" points={listOf(corners)} />
      <polygon class="edge" points={listOf(corners)} />
      <text x={x} y={y}>
        {shape.name}
      </text>
    </>
  );
}

export function Handles({
  shape,
  toPixels,
  label,
  onGrab,
  onSplit,
  onKey,
}: {
  shape: Shape;
  toPixels: ToPixels;
  label(corner: number, at: Point): string;
  onGrab(event: PointerEvent, corner: number): void;
  onSplit(event: PointerEvent, corner: number, middle: Point): void;
  onKey(event: KeyboardEvent, corner: number): void;
}) {
  const corners = cornersOf(shape);
  const isPolygon = shape.kind === 'zone' || shape.kind === 'mask';
  return (
    <g class="handles">
      {isPolygon &&
        corners.map((corner, i) => {
          const middle = middleOf([corner, corners[(i + 1) % corners.length] as Point]) as Point;
          const [x, y] = toPixels(middle);
          return (
            <g key={i} class="split" onPointerDown={(event) => onSplit(event, i, middle)}>
              <circle class="reach" cx={x} cy={y} r={14} />
              <circle cx={x} cy={y} r={4} />
            </g>
          );
        })}
      {corners.map((corner, i) => {
        const [x, y] = toPixels(corner);
        return (
          // biome-ignore lint/a11y/useSemanticElements: an element of SVG can be no button.
          <g
            key={i}
            class="corner"
            role="button"
            tabindex={0}
            aria-label={label(i, corner)}
            onPointerDown={(event) => onGrab(event, i)}
            onKeyDown={(event) => onKey(event, i)}
          >
            <circle class="reach" cx={x} cy={y} r={20} />
            <circle cx={x} cy={y} r={7} />
          </g>
        );
      })}
    </g>
  );
}

export function DraftOutline({
  draft,
  cursor,
  listOf,
  toPixels,
}: {
  draft: Draft;
  cursor: Point | undefined;
  listOf: ListOf;
  toPixels: ToPixels;
}) {
  const colour = shapeColours[draft.kind === 'mask' ? 'region' : draft.kind];
  const last = draft.points.at(-1);
  const isRegion = draft.kind === 'region';
  const points =
    isRegion && last && cursor
      ? ([last, [cursor[0], last[1]], cursor, [last[0], cursor[1]], last] as Point[])
      : [...draft.points, ...(cursor && last ? [cursor] : [])];
  return (
    <g class="draft" style={{ color: colour }}>
      <polyline class="halo" points={listOf(points)} />
      <polyline class="edge" points={listOf(points)} />
      {draft.points.map((point, i) => {
        const [x, y] = toPixels(point);
        return <circle key={i} class={i === 0 ? 'first' : ''} cx={x} cy={y} r={i === 0 ? 8 : 5} />;
      })}
      {cursor && <Cross at={toPixels(cursor)} />}
    </g>
  );
}

function Cross({ at: [x, y] }: { at: [number, number] }) {
  return <path class="cross" d={`M${x - 9} ${y}H${x + 9}M${x} ${y - 9}V${y + 9}`} />;
}

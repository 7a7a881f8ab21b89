/** One line of a {@link lineChart}. */
export interface Line {
  name: string;
  /** [x, y]; null leaves a gap. */
  points: readonly (readonly [number, number | null])[];
  /** A CSS class that names its colour. */
  colour: string;
  /** [x, low, high]: drawn as a shade behind the line. */
  band?: readonly (readonly [number, number, number])[];
}

const width = 900;
const left = 56;
const right = 16;
const bottom = 30;
const top = 12;

/** Lines over time, as SVG that needs nothing else. @param unit of y */
export function lineChart(
  lines: readonly Line[],
  options: {
    unit: string;
    height?: number;
    to: number;
    fromZero?: boolean;
    parts?: readonly { name: string; from: number; to: number }[];
  },
): string {
  const height = options.height ?? 200;
  const values = lines.flatMap(({ points, band }) => [
    ...points.flatMap(([, y]) => y ?? []),
    ...(band ?? []).flatMap(([, low, high]) => [low, high]),
  ]);
  if (values.length === 0) return '';
  const ticks = niceTicks(options.fromZero ? 0 : Math.min(...values), Math.max(...values));
  const [low, high] = [ticks[0] ?? 0, ticks.at(-1) ?? 1];
  const x = (value: number) => left + ((width - left - right) * value) / Math.max(options.to, 1e-9);
  const y = (value: number) => height - bottom - ((height - top - bottom) * (value - low)) / (high - low);
  const parts = (options.parts ?? []).map(
    ({ name, from, to }, i) =>
      `<rect class="part${i % 2}" x="${n(x(from))}" y="${top}" width="${n(x(to) - x(from))}" height="${height - top - bottom}"/>` +
      (x(to) - x(from) > 50
        ? `<text class="faint" x="${n(x(from) + 4)}" y="${top + 12}">${escapeHtml(name)}</text>`
        : ''),
  );
  const drawn = lines.map(({ points, colour, band, name }) => {
    const shade = band === undefined ? '' : bandPath(band, x, y, colour);
    const d = path(points, x, y);
    return `${shade}<path class="line ${colour}" d="${d}"><title>${escapeHtml(name)}</title></path>`;
  });
  const body =
    parts.join('') +
    yAxis(ticks, y, options.unit) +
    xAxis(niceTicks(0, options.to), options.to, x, height, 's') +
    drawn.join('');
  return svg(height, body);
}

/** Counts of equal bins, with marks at some values. */
export function histogramChart(
  { from, step, counts }: { from: number; step: number; counts: readonly number[] },
  marks: readonly { name: string; at: number | null }[],
  colour: string,
): string {
  const height = 190;
  const end = from + step * counts.length;
  const most = Math.max(1, ...counts);
  const x = (value: number) => left + ((width - left - right) * (value - from)) / (end - from);
  const ticks = niceTicks(0, most);
  const y = (value: number) => height - bottom - ((height - top - bottom) * value) / (ticks.at(-1) ?? most);
  const bars = counts.map((count, i) => {
    const [x0, x1] = [x(from + i * step), x(from + (i + 1) * step)];
    const last = i === counts.length - 1 ? ' and more' : '';
    const title = `${(from + i * step).toFixed(2)} ms${last}: ${count}`;
    return `<rect class="bar ${colour}" x="${n(x0 + 0.5)}" y="${n(y(count))}" width="${n(Math.max(0.5, x1 - x0 - 1))}" height="${n(y(0) - y(count))}"><title>${title}</title></rect>`;
  });
  // Names of marks that lie close together stand below each other.
  let lastX = Number.NEGATIVE_INFINITY;
  let level = 0;
  const drawn = marks.flatMap(({ name, at }) => {
    if (at === null || at > end) return [];
    const place = x(at);
    level = place - lastX < 90 ? level + 1 : 0;
    lastX = place;
    const anchor = place > width - 110 ? 'end' : 'start';
    const shift = anchor === 'end' ? -4 : 4;
    return `<line class="mark" x1="${n(place)}" x2="${n(place)}" y1="${top}" y2="${height - bottom}"/><text class="strong" text-anchor="${anchor}" x="${n(place + shift)}" y="${top + 10 + 15 * level}">${escapeHtml(name)} ${at.toFixed(2)}</text>`;
  });
  const scale = niceTicks(from, end).filter((tick) => tick >= from && tick <= end);
  return svg(height, yAxis(ticks, y, 'n') + xAxis(scale, end, x, height, 'ms') + bars.join('') + drawn.join(''));
}

/** Shares of a whole side by side. @param shares 0..1 */
export function shareChart(shares: readonly { name: string; share: number; colour: string }[]): string {
  let at = 0;
  const inner = width;
  const pieces = shares.map(({ name, share, colour }) => {
    const [x, w] = [at, share * inner];
    at += w;
    const percent = `${(100 * share).toFixed(1)} %`;
    const label = w > 90 ? `<text class="on" x="${n(x + 10)}" y="29">${escapeHtml(name)} ${percent}</text>` : '';
    return `<rect class="bar ${colour}" x="${n(x)}" y="4" width="${n(Math.max(0, w - 1.5))}" height="40" rx="3"><title>${escapeHtml(name)}: ${percent}</title></rect>${label}`;
  });
  return svg(48, pieces.join(''));
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

function svg(height: number, body: string): string {
  return `<svg viewBox="0 0 ${width} ${height}" role="img">${body}</svg>`;
}

function yAxis(ticks: readonly number[], y: (value: number) => number, unit: string): string {
  return ticks
    .map((tick, i) => {
      const label = `${short(tick)}${i === ticks.length - 1 ? ` ${unit}` : ''}`;
      return `<line class="grid" x1="${left}" x2="${width - right}" y1="${n(y(tick))}" y2="${n(y(tick))}"/><text class="tick" text-anchor="end" x="${left - 6}" y="${n(y(tick) + 4)}">${escapeHtml(label)}</text>`;
    })
    .join('');
}

function xAxis(
  ticks: readonly number[],
  end: number,
  x: (value: number) => number,
  height: number,
  unit: string,
): string {
  return ticks
    .filter((tick) => tick <= end)
    .map(
      (tick) =>
        `<text class="tick" text-anchor="middle" x="${n(x(tick))}" y="${height - 10}">${short(tick)} ${unit}</text>`,
    )
    .join('');
}

function path(points: Line['points'], x: (value: number) => number, y: (value: number) => number): string {
  let isDown = false;
  return points
    .map(([px, py]) => {
      const command = py === null ? '' : `${isDown ? 'L' : 'M'}${n(x(px))} ${n(y(py))}`;
      isDown = py !== null;
      return command;
    })
    .join('');
}

function bandPath(
  band: NonNullable<Line['band']>,
  x: (value: number) => number,
  y: (value: number) => number,
  colour: string,
): string {
  const up = band.map(([px, , high]) => `${n(x(px))} ${n(y(high))}`);
  const back = band.toReversed().map(([px, low]) => `${n(x(px))} ${n(y(low))}`);
  return `<path class="band ${colour}" d="M${[...up, ...back].join('L')}Z"/>`;
}

/** Four to eight round numbers that hold both. */
export function niceTicks(low: number, high: number): number[] {
  const span = high - low || Math.abs(high) || 1;
  const rough = span / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const first = Math.floor(low / step);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

function short(value: number): string {
  return Math.abs(value) >= 10_000 ? `${value / 1000}k` : String(value);
}

function n(value: number): string {
  return value.toFixed(1);
}

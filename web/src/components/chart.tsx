import { useEffect, useRef, useState } from 'preact/hooks';
// uPlot: 50 kB, draws a day of points in a millisecond; no other chart library is as small and as quick.
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useApp, useLanguage } from '../app/context.js';
import { colourOf } from '../app/theme.js';
import { useStore } from '../board/store.js';

export interface ChartSeries {
  label: string;
  values: readonly (number | null)[];
}

interface Properties {
  title: string;
  unit: string;
  /** Seconds since 1970. */
  at: readonly number[];
  series: readonly ChartSeries[];
  digits?: number;
  /** Why there is nothing to draw, where there is nothing. */
  without?: string | undefined;
  /** Where the scale begins; by default at the least value. */
  from?: number;
}

const colours = ['--series-1', '--series-2', '--series-3', '--series-4', '--series-5'] as const;
const height = 170;

/** Curves over time. The figures at the pointer, else the newest, stand above, so that colours are not all that tells. */
export function Chart({ title, unit, at, series, digits = 1, without, from }: Properties) {
  const { themes } = useApp();
  const language = useLanguage();
  const theme = useStore(themes.chosen, (chosen) => chosen.theme);
  const systemTheme = useSystemTheme();
  const element = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const [index, setIndex] = useState<number>();
  const isEmpty = !series.some(({ values }) => values.some((value) => value !== null));
  const shape = JSON.stringify([series.map(({ label }) => label), theme, systemTheme, language.code, isEmpty, from]);

  useEffect(() => {
    const place = element.current;
    if (!place || isEmpty) return;
    const ink = colourOf('--ink-2', place);
    const grid = colourOf('--hairline', place);
    const axis = { stroke: ink, font: '12px system-ui', grid: { stroke: grid, width: 1 }, ticks: { show: false } };
    const drawing = new uPlot(
      {
        width: place.clientWidth || 300,
        height,
        legend: { show: false },
        cursor: { drag: { x: false, y: false }, points: { size: 7 } },
        scales: { y: { range: (_, low, high) => rangeOf(from ?? low, high) } },
        axes: [
          { ...axis, values: (_, splits) => splits.map((seconds) => language.clock(seconds * 1000)), space: 70 },
          { ...axis, size: 48, values: (_, splits) => splits.map((value) => compact(value, language.code)) },
        ],
        series: [
          {},
          ...series.map(({ label }, i) => ({
            label,
            stroke: colourOf(colours[i % colours.length] ?? '--series-1', place),
            width: 1.6,
            spanGaps: false,
            points: { show: false },
          })),
        ],
        hooks: { setCursor: [(chart) => setIndex(chart.cursor.idx ?? undefined)] },
      },
      dataOf(at, series),
      place,
    );
    plot.current = drawing;
    const resizes = new ResizeObserver(() => drawing.setSize({ width: place.clientWidth, height }));
    resizes.observe(place);
    return () => {
      resizes.disconnect();
      drawing.destroy();
      plot.current = undefined;
    };
  }, [shape]);

  useEffect(() => {
    plot.current?.setData(dataOf(at, series));
  }, [at, series, shape]);

  const shown = (values: readonly (number | null)[]) =>
    language.number(index === undefined ? values.findLast((value) => value !== null) : values[index], digits);
  return (
    <figure class="card chart">
      <figcaption>
        <h2>
          {title} <span class="quiet">{unit}</span>
        </h2>
        <ul class="row legend">
          {series.map(({ label, values }, i) => (
            <li key={label}>
              <i class="swatch" style={{ background: `var(${colours[i % colours.length]})` }} />
              {label} <b>{shown(values)}</b>
            </li>
          ))}
          <li class="quiet">{index === undefined ? '' : language.clock((at[index] ?? 0) * 1000)}</li>
        </ul>
      </figcaption>
      {isEmpty ? (
        <p class="empty">{without ?? language.t('performance.nothing')}</p>
      ) : (
        <div ref={element} aria-hidden="true" />
      )}
    </figure>
  );
}

function dataOf(at: readonly number[], series: readonly ChartSeries[]): uPlot.AlignedData {
  return [at, ...series.map(({ values }) => values)] as uPlot.AlignedData;
}

/** A flat line lies in the middle, not at an edge. */
function rangeOf(low: number, high: number): [number, number] {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
  const room = Math.max((high - low) * 0.08, Math.abs(high) * 0.02, 0.1);
  return [low >= 0 ? Math.max(0, low - room) : low - room, high + room];
}

function compact(value: number, code: string): string {
  return new Intl.NumberFormat(code, { notation: 'compact', maximumFractionDigits: 2 }).format(value);
}

function useSystemTheme(): boolean {
  const query = useRef(matchMedia('(prefers-color-scheme: dark)'));
  const [isDark, setDark] = useState(query.current.matches);
  useEffect(() => {
    const update = () => setDark(query.current.matches);
    query.current.addEventListener('change', update);
    return () => query.current.removeEventListener('change', update);
  }, []);
  return isDark;
}

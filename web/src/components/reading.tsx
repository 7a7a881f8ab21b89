import { useRef } from 'preact/hooks';

/** The last values of something, a new one each time `stamp` changes. */
export function useHistory(value: number | null | undefined, stamp: unknown, limit = 60): readonly (number | null)[] {
  const history = useRef<{ stamp: unknown; values: (number | null)[] }>({ stamp: undefined, values: [] });
  const known = history.current;
  if (stamp !== undefined && stamp !== known.stamp) {
    history.current = { stamp, values: [...known.values, value ?? null].slice(-limit) };
  }
  return history.current.values;
}

interface Properties {
  label: string;
  value: string;
  unit?: string;
  /** Drawn as a line beside the value. */
  history?: readonly (number | null)[];
  tone?: 'warn' | 'bad' | undefined;
  detail?: string | undefined;
}

/** One figure of the instrument. */
export function Reading({ label, value, unit, history, tone, detail }: Properties) {
  return (
    <div class="reading">
      <dt>{label}</dt>
      <dd>
        {value !== '' && (
          <span class={`value ${tone ?? ''}`}>
            {value}
            {unit && <small> {unit}</small>}
          </span>
        )}
        {history && <Sparkline values={history} />}
        {detail && <span class="quiet">{detail}</span>}
      </dd>
    </div>
  );
}

const width = 72;
/** Fewer points are no course. */
const fewest = 5;
const height = 22;

function Sparkline({ values }: { values: readonly (number | null)[] }) {
  const known = values.filter((value): value is number => value !== null);
  if (known.length < fewest) return null;
  const least = Math.min(...known);
  const span = Math.max(Math.max(...known) - least, Math.abs(least) * 0.1, 1e-9);
  const points = values.flatMap((value, i) =>
    value === null
      ? []
      : [
          `${((i / (values.length - 1)) * width).toFixed(1)},${(height - 2 - ((value - least) / span) * (height - 4)).toFixed(1)}`,
        ],
  );
  return (
    <svg class="spark" viewBox={`0 0 ${width} ${height}`} width={width} height={height} aria-hidden="true">
      <polyline
        points={points.join(' ')}
        fill="none"
        stroke="currentColor"
        stroke-width="1.5"
        stroke-linejoin="round"
      />
    </svg>
  );
}

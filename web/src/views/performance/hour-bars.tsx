import type { Counts } from '../../../../src/contract/http.js';
import { useLanguage } from '../../app/context.js';
import { Empty } from '../../components/messages.js';
import { classColour } from '../../draw/colours.js';
import type { Day } from '../../events/day.js';

const height = 150;

/** Bars by hour, classes upon each other; the same as a table for those who hear it. */
export function HourBars({ day, rows }: { day: Day; rows: Counts['rows'] }) {
  const { t, className, number, clock } = useLanguage();
  const hours = Math.round((day.to - day.from) / 3_600_000);
  const classes = [...new Set(rows.map((row) => row.class))].sort();
  const counts = Array.from({ length: hours }, () => new Map<string, number>());
  for (const row of rows) {
    const slot = counts[Math.floor((Date.parse(row.hour) - day.from) / 3_600_000)];
    slot?.set(row.class, (slot.get(row.class) ?? 0) + row.count);
  }
  const totals = counts.map((slot) => [...slot.values()].reduce((a, b) => a + b, 0));
  const most = Math.max(1, ...totals);
  if (rows.length === 0) return <Empty text={t('activity.none')} />;
  return (
    <>
      <ul class="row legend">
        {classes.map((name) => (
          <li key={name}>
            <i class="swatch" style={{ background: classColour(name) }} />
            {className(name)} <b>{number(counts.reduce((sum, slot) => sum + (slot.get(name) ?? 0), 0))}</b>
          </li>
        ))}
      </ul>
      <svg class="bars" viewBox={`0 0 ${hours * 20} ${height + 18}`} aria-hidden="true">
        <text class="axis" x="0" y="10">
          {number(most)}
        </text>
        {counts.map((slot, hour) => {
          let top = height;
          return (
            <g key={hour}>
              {classes.map((name) => {
                const tall = ((slot.get(name) ?? 0) / most) * (height - 16);
                top -= tall;
                return <rect key={name} x={hour * 20 + 2} width="16" y={top} height={tall} fill={classColour(name)} />;
              })}
              {hour % 3 === 0 && (
                <text class="axis" x={hour * 20 + 2} y={height + 14}>
                  {hour}
                </text>
              )}
            </g>
          );
        })}
        <line class="base" x1="0" x2={hours * 20} y1={height} y2={height} />
      </svg>
      <table class="unseen">
        <caption>{t('activity.counts')}</caption>
        <tbody>
          {counts.flatMap((slot, hour) =>
            [...slot].map(([name, count]) => (
              <tr key={`${hour} ${name}`}>
                <th scope="row">{clock(day.from + hour * 3_600_000)}</th>
                <td>{className(name)}</td>
                <td>{count}</td>
              </tr>
            )),
          )}
        </tbody>
      </table>
    </>
  );
}

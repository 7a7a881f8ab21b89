import type { EventRecord } from '../../../../src/contract/event-record.js';
import { useLanguage } from '../../app/context.js';
import { useNow } from '../../components/use-now.js';
import { classColour } from '../../draw/colours.js';
import type { Day } from '../../events/day.js';

const rowHeight = 18;
const hours = [0, 3, 6, 9, 12, 15, 18, 21, 24];

interface Properties {
  day: Day;
  records: readonly EventRecord[];
  chosen: string | undefined;
  onChoose(id: string): void;
}

/** The day from left to right, a row a class, a bar an event. The list below says the same to a keyboard. */
export function Timeline({ day, records, chosen, onChoose }: Properties) {
  const { t, className, number } = useLanguage();
  const now = useNow(30_000);
  const classes = [...new Set(records.map((record) => record.class))].sort();
  const span = day.to - day.from;
  const x = (at: number) => Math.min(100, Math.max(0, ((at - day.from) / span) * 100));
  const height = Math.max(1, classes.length) * rowHeight;
  const choose = (event: MouseEvent) => {
    const { left, width } = (event.currentTarget as Element).getBoundingClientRect();
    const at = day.from + ((event.clientX - left) / width) * span;
    const distance = (record: EventRecord) => Math.abs(Date.parse(record.firstAt) - at);
    const nearest = records.toSorted((a, b) => distance(a) - distance(b))[0];
    if (nearest) onChoose(nearest.id);
  };
  return (
    <figure class="timeline" aria-label={t('events.timeline', { count: number(records.length) })}>
      <ul class="names" aria-hidden="true">
        {classes.map((name) => (
          <li key={name} style={{ height: `${rowHeight}px` }}>
            {className(name)}
          </li>
        ))}
      </ul>
      <div class="plot">
        <svg
          width="100%"
          height={height}
          viewBox={`0 0 100 ${height}`}
          preserveAspectRatio="none"
          aria-hidden="true"
          onClick={choose}
        >
          {hours.map((hour) => (
            <line key={hour} class="hour" x1={(hour / 24) * 100} x2={(hour / 24) * 100} y1="0" y2={height} />
          ))}
          {records.map((record) => {
            const from = x(Date.parse(record.firstAt));
            const width = Math.max(0.25, x(Date.parse(record.endedAt ?? record.lastAt)) - from);
            return (
              <rect
                key={record.id}
                class={record.id === chosen ? 'chosen' : ''}
                x={from}
                width={width}
                y={classes.indexOf(record.class) * rowHeight + 3}
                height={rowHeight - 6}
                fill={classColour(record.class)}
              />
            );
          })}
          {now < day.to && now > day.from && <line class="now" x1={x(now)} x2={x(now)} y1="0" y2={height} />}
        </svg>
        <div class="hours" aria-hidden="true">
          {hours.map((hour) => (
            <span key={hour} style={{ left: `${(hour / 24) * 100}%` }}>
              {hour}
            </span>
          ))}
        </div>
      </div>
    </figure>
  );
}

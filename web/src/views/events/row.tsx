import type { EventRecord } from '../../../../src/contract/event-record.js';
import { useLanguage } from '../../app/context.js';
import { hrefOf } from '../../app/route.js';
import { addressOf } from '../../board/http.js';
import { classColour } from '../../draw/colours.js';

/** An event in a line: when, what, where, for how long. */
export function EventRow({ record, isOpen }: { record: EventRecord; isOpen: boolean }) {
  const { t, className, time, duration, percent } = useLanguage();
  const length = Date.parse(record.endedAt ?? record.lastAt) - Date.parse(record.firstAt);
  const places = [...new Set(record.moments.flatMap(({ zone, line }) => zone ?? line ?? []))];
  return (
    <a class="event-row" href={hrefOf('events', record.id)} aria-current={isOpen ? 'true' : undefined}>
      {record.snapshot === null ? (
        <span class="thumb none" />
      ) : (
        <img class="thumb" src={addressOf(record.snapshot)} alt="" loading="lazy" width="72" height="54" />
      )}
      <span class="part grow">
        <strong>
          <i class="swatch" style={{ background: classColour(record.class) }} />
          {className(record.class)}
        </strong>
        <span class="quiet">{[record.camera, ...places].join(' · ')}</span>
      </span>
      <span class="part when">
        <time dateTime={record.firstAt}>{time(record.firstAt)}</time>
        <span class="quiet">
          {record.endedAt === null ? t('events.still-there') : duration(length)} · {percent(record.bestScore)}
        </span>
      </span>
    </a>
  );
}

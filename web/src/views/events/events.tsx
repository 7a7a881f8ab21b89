import { useEffect, useState } from 'preact/hooks';
import type { EventRecord, MomentType } from '../../../../src/contract/event-record.js';
import { useApp, useBoard, useLanguage } from '../../app/context.js';
import { hrefOf } from '../../app/route.js';
import { BoardError } from '../../board/http.js';
import { useStore } from '../../board/store.js';
import { Icon } from '../../components/icon.js';
import { Empty, Failure } from '../../components/messages.js';
import { type Day, dateText, dayOf, dayOfText, shiftDay } from '../../events/day.js';
import { type EventFilter, fetchDay, matches, mostRecords, noFilter, withRecord } from '../../events/records.js';
import { EventDetail } from './detail.js';
import { EventRow } from './row.js';
import { Timeline } from './timeline.js';
import { WhyView } from './why.js';

const momentTypes: readonly MomentType[] = ['new', 'crossing', 'enter', 'leave', 'dwell', 'end'];
const rowsAtOnce = 60;

/** What was told, and why something was not. */
export function EventsView() {
  const { router } = useApp();
  const { t } = useLanguage();
  const subject = useStore(router.current, ({ route }) => route.subject);
  const isWhy = subject?.startsWith('why:') ?? false;
  return (
    <>
      <div class="view-head">
        <h1>{t('view.events')}</h1>
        <nav class="picker" aria-label={t('events.kinds')}>
          <a class="button" href={hrefOf('events')} aria-current={isWhy ? undefined : 'true'}>
            {t('events.told')}
          </a>
          <a class="button" href={hrefOf('events', 'why:')} aria-current={isWhy ? 'true' : undefined}>
            {t('events.why')}
          </a>
        </nav>
      </div>
      {isWhy ? <WhyView camera={subject?.slice('why:'.length) ?? ''} /> : <Told chosen={subject} />}
    </>
  );
}

function Told({ chosen }: { chosen: string | undefined }) {
  const { board, router } = useApp();
  const { t } = useLanguage();
  const info = useBoard((known) => known.info);
  const isLinked = useBoard((known) => known.link === 'open');
  const [day, setDay] = useState<Day>(() => dayOf(Date.now()));
  const [filter, setFilter] = useState<EventFilter>(noFilter);
  const [records, setRecords] = useState<readonly EventRecord[]>();
  const [isComplete, setComplete] = useState(true);
  const [error, setError] = useState<BoardError>();
  const [rows, setRows] = useState(rowsAtOnce);

  useEffect(() => {
    if (!isLinked) return;
    const abort = new AbortController();
    setRows(rowsAtOnce);
    fetchDay(filter, day, abort.signal)
      .then((found) => {
        setRecords(found.records);
        setComplete(found.isComplete);
        setError(undefined);
      })
      .catch((thrown: unknown) => {
        if (!abort.signal.aborted && thrown instanceof BoardError) setError(thrown);
      });
    return () => abort.abort();
  }, [filter, day.from, isLinked]);

  useEffect(
    () =>
      board.onRecord((record) => {
        if (matches(record, filter, day)) setRecords((before) => withRecord(before ?? [], record));
      }),
    [board, filter, day.from],
  );

  if (info && !info.events) return <Empty text={t('events.off')} />;
  const open = records?.find(({ id }) => id === chosen);
  return (
    <div class="events">
      <div class="stack">
        <section class="card">
          <DayPicker day={day} onChange={setDay} />
          <Timeline day={day} records={records ?? []} chosen={chosen} onChoose={(id) => router.go('events', id)} />
          <Filters filter={filter} onChange={setFilter} />
        </section>
        {error && <Failure error={error} />}
        {records?.length === 0 && <Empty text={t('events.none')} />}
        <ul class="event-list" aria-label={t('events.told')}>
          {records?.slice(0, rows).map((record) => (
            <li key={record.id}>
              <EventRow record={record} isOpen={record.id === chosen} />
            </li>
          ))}
        </ul>
        {records && records.length > rows && (
          <button type="button" onClick={() => setRows(rows + rowsAtOnce)}>
            {t('events.more', { count: records.length - rows })}
          </button>
        )}
        {!isComplete && <p class="quiet">{t('events.too-many', { count: mostRecords })}</p>}
      </div>
      {open ? <EventDetail key={open.id} record={open} /> : <p class="card quiet wide-only">{t('events.choose')}</p>}
    </div>
  );
}

function DayPicker({ day, onChange }: { day: Day; onChange(day: Day): void }) {
  const { t } = useLanguage();
  const today = dayOf(Date.now());
  return (
    <div class="row">
      <button type="button" aria-label={t('events.day-before')} onClick={() => onChange(shiftDay(day, -1))}>
        <Icon name="back" />
      </button>
      <input
        type="date"
        class="date"
        aria-label={t('events.day')}
        value={dateText(day)}
        max={dateText(today)}
        onChange={(event) => {
          const wanted = dayOfText(event.currentTarget.value);
          if (wanted) onChange(wanted);
        }}
      />
      <button
        type="button"
        aria-label={t('events.day-after')}
        disabled={day.from >= today.from}
        onClick={() => onChange(shiftDay(day, 1))}
      >
        <Icon name="forward" />
      </button>
      <button type="button" disabled={day.from === today.from} onClick={() => onChange(today)}>
        {t('events.today')}
      </button>
    </div>
  );
}

function Filters({ filter, onChange }: { filter: EventFilter; onChange(filter: EventFilter): void }) {
  const { t, className } = useLanguage();
  const cameras = useBoard((known) => known.cameras) ?? [];
  const classes = useBoard((known) => known.info?.classes) ?? [];
  const zones = [...new Set(cameras.flatMap(({ geometry }) => Object.keys(geometry.zones)))];
  return (
    <div class="filters">
      {cameras.length > 1 && (
        <Select
          label={t('filter.camera')}
          value={filter.camera}
          options={cameras.map(({ name }) => [name, name])}
          onChange={(camera) => onChange({ ...filter, camera })}
        />
      )}
      <Select
        label={t('filter.class')}
        value={filter.class}
        options={classes.map((name) => [name, className(name)])}
        onChange={(name) => onChange({ ...filter, class: name })}
      />
      <Select
        label={t('filter.type')}
        value={filter.type}
        options={momentTypes.map((type) => [type, t(`moment.${type}`)])}
        onChange={(type) => onChange({ ...filter, type: type as MomentType | '' })}
      />
      {zones.length > 0 && (
        <Select
          label={t('filter.zone')}
          value={filter.zone}
          options={zones.map((name) => [name, name])}
          onChange={(zone) => onChange({ ...filter, zone })}
        />
      )}
    </div>
  );
}

function Select({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: string;
  options: readonly (readonly [string, string])[];
  onChange(value: string): void;
}) {
  const { t } = useLanguage();
  return (
    <label class="field">
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        <option value="">{t('filter.any')}</option>
        {options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

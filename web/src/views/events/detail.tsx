import { useEffect, useState } from 'preact/hooks';
import type { EventRecord, Moment } from '../../../../src/contract/event-record.js';
import { useBoard, useLanguage } from '../../app/context.js';
import { hrefOf } from '../../app/route.js';
import { addressOf } from '../../board/http.js';
import { Icon } from '../../components/icon.js';
import { Empty } from '../../components/messages.js';
import { classColour } from '../../draw/colours.js';

/** All that is kept of an event: the whole picture with its box, the clip, and what was told when. */
export function EventDetail({ record }: { record: EventRecord }) {
  const { t, className, day, time, duration, percent } = useLanguage();
  const info = useBoard((known) => known.info);
  const [isPlaying, setPlaying] = useState(false);
  useEffect(() => {
    if (record.clip === null) setPlaying(false);
  }, [record.clip]);
  return (
    <article class="card event-detail">
      <header>
        <h2>
          {className(record.class)}, {percent(record.bestScore)}
        </h2>
        <a class="button plain" href={hrefOf('events')} aria-label={t('close')}>
          <Icon name="close" />
        </a>
      </header>
      {isPlaying && record.clip !== null ? (
        <video class="whole" src={addressOf(record.clip)} controls autoplay playsInline loop muted />
      ) : (
        <WholePicture record={record} />
      )}
      <div class="row">
        {record.clip === null ? (
          <span class="quiet">{t(info?.clips ? 'events.no-clip' : 'events.clips-off')}</span>
        ) : (
          <>
            <button type="button" onClick={() => setPlaying(!isPlaying)}>
              <Icon name={isPlaying ? 'close' : 'play'} />
              {t(isPlaying ? 'events.picture' : 'events.clip')}
            </button>
            <a class="button" href={addressOf(record.clip)} download>
              {t('events.download')}
            </a>
          </>
        )}
      </div>
      <dl class="facts">
        <dt>{t('filter.camera')}</dt>
        <dd>{record.camera}</dd>
        <dt>{t('events.began')}</dt>
        <dd>
          {day(record.firstAt)}, {time(record.firstAt)}
        </dd>
        <dt>{t('events.ended')}</dt>
        <dd>
          {record.endedAt === null
            ? t('events.still-there')
            : `${time(record.endedAt)} (${record.reason === null ? '' : t(`end.${record.reason}`)})`}
        </dd>
        <dt>{t('events.track')}</dt>
        <dd>
          <code>{record.id}</code>
        </dd>
      </dl>
      <h3>{t('events.moments')}</h3>
      <ol class="moments">
        {record.moments.map((moment, i) => (
          <li key={i}>
            <time dateTime={moment.at}>{time(moment.at)}</time>
            <span>{describe(moment)}</span>
          </li>
        ))}
      </ol>
    </article>
  );

  function describe(moment: Moment): string {
    const place = moment.zone ?? moment.line ?? '';
    const what = `${t(`moment.${moment.type}`)} ${place}`.trim();
    if (moment.direction !== undefined) return `${what} (${t(`direction.${moment.direction}`)})`;
    return moment.dwellMs === undefined ? what : `${what} (${duration(moment.dwellMs)})`;
  }
}

/** The picture that the snapshot was cut out of, with its box; the snapshot where only that is left. */
function WholePicture({ record }: { record: EventRecord }) {
  const { t, className } = useLanguage();
  const [isGone, setGone] = useState(false);
  const path = record.picture ?? record.snapshot;
  useEffect(() => setGone(false), [path]);
  if (path === null || isGone) return <Empty text={t('events.no-picture')} />;
  const [left, top, right, bottom] = record.pictureBox ?? [0, 0, 0, 0];
  const hasBox = record.picture !== null && record.pictureBox !== null;
  return (
    <a class="whole" href={addressOf(path)} target="_blank" rel="noreferrer">
      <img
        src={addressOf(path)}
        alt={t('events.picture-of', { what: className(record.class), camera: record.camera })}
        onError={() => setGone(true)}
      />
      {hasBox && (
        <span
          class="whole-box"
          style={{
            left: `${left * 100}%`,
            top: `${top * 100}%`,
            width: `${(right - left) * 100}%`,
            height: `${(bottom - top) * 100}%`,
            borderColor: classColour(record.class),
          }}
        />
      )}
    </a>
  );
}

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Counts, Heatmap } from '../../../../src/contract/http.js';
import { useBoard, useLanguage } from '../../app/context.js';
import { addressOf } from '../../board/http.js';
import { LivePicture } from '../../components/live-picture.js';
import { Empty, Failure } from '../../components/messages.js';
import { useAnswer } from '../../components/use-answer.js';
import { drawHeat } from '../../draw/heat.js';
import { dateText, dayOf, dayOfText, shiftDay } from '../../events/day.js';
import { HourBars } from './hour-bars.js';

const noLayers = { boxes: false, trails: false, areas: false };

/** What was counted: by class and hour, and where it stood. */
export function Activity() {
  const { t, className } = useLanguage();
  const cameras = useBoard((known) => known.cameras) ?? [];
  const classes = useBoard((known) => known.info?.classes) ?? [];
  const [name, setName] = useState('');
  const [wantedClass, setWantedClass] = useState('');
  const [day, setDay] = useState(() => dayOf(Date.now()));
  const [hour, setHour] = useState('');
  const camera = cameras.find((each) => each.name === name) ?? cameras[0];
  const span =
    hour === '' ? day : { from: day.from + Number(hour) * 3_600_000, to: day.from + (Number(hour) + 1) * 3_600_000 };
  const query = {
    camera: camera?.name,
    class: wantedClass,
    from: new Date(day.from).toISOString(),
    to: new Date(day.to).toISOString(),
  };
  const heatQuery = { ...query, from: new Date(span.from).toISOString(), to: new Date(span.to).toISOString() };
  const counts = useAnswer<Counts>(camera && '/api/counts', query, { everyMs: 60_000 });
  const heat = useAnswer<Heatmap>(camera && '/api/heatmap', heatQuery, { everyMs: 60_000 });
  if (!camera) return <Empty text={t('live.no-cameras')} />;
  const today = dayOf(Date.now());
  return (
    <>
      <div class="filters card">
        {cameras.length > 1 && (
          <label class="field">
            <span>{t('filter.camera')}</span>
            <select value={camera.name} onChange={(event) => setName(event.currentTarget.value)}>
              {cameras.map((each) => (
                <option key={each.name}>{each.name}</option>
              ))}
            </select>
          </label>
        )}
        <label class="field">
          <span>{t('filter.class')}</span>
          <select value={wantedClass} onChange={(event) => setWantedClass(event.currentTarget.value)}>
            <option value="">{t('filter.any')}</option>
            {classes.map((each) => (
              <option key={each} value={each}>
                {className(each)}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>{t('events.day')}</span>
          <input
            type="date"
            value={dateText(day)}
            min={dateText(shiftDay(today, -90))}
            max={dateText(today)}
            onChange={(event) => setDay(dayOfText(event.currentTarget.value) ?? day)}
          />
        </label>
        <label class="field">
          <span>{t('activity.hour')}</span>
          <select value={hour} onChange={(event) => setHour(event.currentTarget.value)}>
            <option value="">{t('activity.whole-day')}</option>
            {Array.from({ length: 24 }, (_, i) => (
              <option key={String(i)} value={i}>{`${i}–${i + 1}`}</option>
            ))}
          </select>
        </label>
      </div>
      <div class="charts">
        <section class="card">
          <header>
            <h2>{t('activity.counts')}</h2>
            <a href={addressOf('/api/counts.csv', query)} download>
              CSV
            </a>
          </header>
          {counts.error && <Failure error={counts.error} />}
          {counts.value && <HourBars day={day} rows={counts.value.rows} />}
        </section>
        <section class="card">
          <header>
            <h2>{t('activity.heat')}</h2>
            <a href={addressOf('/api/heatmap.csv', heatQuery)} download>
              CSV
            </a>
          </header>
          {heat.error && <Failure error={heat.error} />}
          <LivePicture camera={camera} layers={noLayers}>
            {heat.value && <Heat value={heat.value} />}
          </LivePicture>
          <p class="quiet">{t('activity.heat.what')}</p>
        </section>
      </div>
    </>
  );
}

function Heat({ value }: { value: Heatmap }) {
  const { t, duration } = useLanguage();
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (canvas.current) drawHeat(canvas.current, value);
  }, [value]);
  const most = useMemo(() => value.cells.reduce((a, b) => Math.max(a, b), 0), [value]);
  const text = most > 0 ? t('activity.heat.most', { time: duration(most * 1000) }) : t('activity.heat.none');
  return (
    <>
      <canvas ref={canvas} class="heat" role="img" aria-label={`${t('activity.heat')}: ${text}`} />
      <span class="heat-scale">{text}</span>
    </>
  );
}

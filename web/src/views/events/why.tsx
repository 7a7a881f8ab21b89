import { useState } from 'preact/hooks';
import type { ExplainedCandidate, Explanation } from '../../../../src/contract/explanation.js';
import type { Box, Point } from '../../../../src/contract/geometry.js';
import { useBoard, useLanguage } from '../../app/context.js';
import { CameraPicker } from '../../components/camera-picker.js';
import { LivePicture } from '../../components/live-picture.js';
import { Empty, Failure } from '../../components/messages.js';
import { useAnswer } from '../../components/use-answer.js';
import { classColour } from '../../draw/colours.js';

const spans = [60, 600, 3600] as const;
const layers = { boxes: true, trails: false, areas: true };

/** A click on the picture asks what the network took for an object there, and why that was not told. */
export function WhyView({ camera: wanted }: { camera: string }) {
  const { t, number } = useLanguage();
  const cameras = useBoard((known) => known.cameras) ?? [];
  const [place, setPlace] = useState<Point>();
  const [seconds, setSeconds] = useState<(typeof spans)[number]>(600);
  const [pointed, setPointed] = useState<string>();
  const [withTold, setWithTold] = useState(false);
  const camera = cameras.find(({ name }) => name === wanted) ?? cameras[0];
  const answer = useAnswer<Explanation>(camera && '/api/explain', {
    camera: camera?.name,
    seconds,
    ...(place && { x: place[0], y: place[1] }),
  });
  if (!camera) return <Empty text={t('live.no-cameras')} />;
  const explanation = answer.value?.camera === camera.name ? answer.value : undefined;
  const candidates = (explanation?.candidates ?? [])
    .filter(({ track }) => withTold || track === null)
    .toSorted((a, b) => b.bestScore - a.bestScore);
  // All that was seen anywhere would hide the picture.
  const marked = candidates.filter((candidate) => place !== undefined || keyOf(candidate) === pointed);
  return (
    <div class="why">
      <div class="stage">
        {cameras.length > 1 && <CameraPicker view="events" prefix="why:" chosen={camera.name} />}
        <p class="quiet">{t('why.how')}</p>
        <LivePicture camera={camera} layers={layers} onPick={setPlace}>
          <svg class="marks" viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
            {marked.map((candidate) => (
              <Mark
                key={keyOf(candidate)}
                box={candidate.box}
                colour={candidate.track === null ? classColour(candidate.class) : '#fff'}
                isPointed={pointed === keyOf(candidate)}
              />
            ))}
          </svg>
          {place && <span class="pin" style={{ left: `${place[0] * 100}%`, top: `${place[1] * 100}%` }} />}
        </LivePicture>
        <div class="row">
          <label class="field span">
            <span>{t('why.span')}</span>
            <select
              value={seconds}
              onChange={(event) => setSeconds(Number(event.currentTarget.value) as (typeof spans)[number])}
            >
              {spans.map((span) => (
                <option key={span} value={span}>
                  {t('why.minutes', { minutes: span / 60 })}
                </option>
              ))}
            </select>
          </label>
          <span class="grow" />
          <button type="button" onClick={answer.again}>
            {t('why.again')}
          </button>
          <button type="button" disabled={!place} onClick={() => setPlace(undefined)}>
            {t('why.everywhere')}
          </button>
        </div>
      </div>
      <section class="card" aria-label={t('why.candidates')} aria-busy={answer.isLoading}>
        <header>
          <h2>{t(place ? 'why.here' : 'why.all')}</h2>
          {explanation && (
            <span class="quiet">
              {t('why.looks', { looks: number(explanation.looks), still: number(explanation.still) })}
            </span>
          )}
        </header>
        {answer.error && <Failure error={answer.error} />}
        {explanation?.notes.map((note) => (
          <p key={note} class="note warn">
            {note}
          </p>
        ))}
        <label class="check">
          <input type="checkbox" checked={withTold} onChange={() => setWithTold(!withTold)} />
          {t('why.with-told')}
        </label>
        {explanation && candidates.length === 0 && (
          <Empty text={t(explanation.candidates.length === 0 ? 'why.none' : 'why.all-told')} />
        )}
        <ul class="candidates">
          {candidates.map((candidate) => (
            <li
              key={keyOf(candidate)}
              onPointerEnter={() => setPointed(keyOf(candidate))}
              onPointerLeave={() => setPointed(undefined)}
            >
              <Candidate candidate={candidate} />
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}

function keyOf({ class: name, firstAt, lastAt, box }: ExplainedCandidate): string {
  return [name, firstAt, lastAt, ...box].join(' ');
}

function Mark({ box, colour, isPointed }: { box: Box; colour: string; isPointed: boolean }) {
  const [left, top, right, bottom] = box;
  const place = { x: left, y: top, width: right - left, height: bottom - top };
  return (
    <>
      <rect class="halo" {...place} />
      <rect class={isPointed ? 'pointed' : ''} {...place} stroke={colour} />
    </>
  );
}

function Candidate({ candidate }: { candidate: ExplainedCandidate }) {
  const { t, className, percent, time, number } = useLanguage();
  return (
    <div class="candidate">
      <p class="row">
        <i class="swatch" style={{ background: classColour(candidate.class) }} />
        <strong>{className(candidate.class)}</strong>
        <span class={`verdict ${candidate.reason === null ? 'told' : ''}`}>
          {candidate.reason === null ? t('why.told') : t(`untold.${candidate.reason}`)}
        </span>
      </p>
      {candidate.reason !== null && <p>{t(`untold.${candidate.reason}.why`)}</p>}
      <p class="quiet">{candidate.detail}</p>
      <p class="quiet">
        {time(candidate.firstAt)} – {time(candidate.lastAt)} ·{' '}
        {t('why.pictures', { pictures: number(candidate.pictures) })} ·{' '}
        {t('why.scores', { best: percent(candidate.bestScore), mean: percent(candidate.meanScore) })}
      </p>
      <Scores scores={candidate.scores} />
    </div>
  );
}

/** The scores over time as bars, 0 to 1. */
function Scores({ scores }: { scores: readonly number[] }) {
  return (
    <svg
      class="scores"
      viewBox={`0 0 ${scores.length * 4} 20`}
      width={scores.length * 4}
      height="20"
      aria-hidden="true"
    >
      {scores.map((score, i) => (
        <rect key={i} x={i * 4} y={20 - score * 20} width="3" height={score * 20} fill="currentColor" />
      ))}
    </svg>
  );
}

import { useCallback, useRef, useState } from 'preact/hooks';
import type { HttpCamera } from '../../../../src/contract/http.js';
import type { LiveFrame } from '../../../../src/contract/live.js';
import type { CameraState } from '../../../../src/contract/status.js';
import { useLanguage } from '../../app/context.js';
import { hrefOf } from '../../app/route.js';
import { Icon } from '../../components/icon.js';
import { LivePicture } from '../../components/live-picture.js';
import { classColour } from '../../draw/colours.js';
import type { Layers } from '../../draw/overlay.js';
import { Readings } from './readings.js';

const layerNames = ['boxes', 'trails', 'areas'] as const;

/** A camera large, with what is in view and what that costs. */
export function OneCamera({ camera }: { camera: HttpCamera }) {
  const { t } = useLanguage();
  const [layers, setLayers] = useState<Layers>({ boxes: true, trails: true, areas: true });
  const [frame, setFrame] = useState<LiveFrame>();
  const stage = useRef<HTMLDivElement>(null);
  const lineCounts = camera.state?.lines;
  const lineCount = useCallback((line: string) => countText(lineCounts?.[line]), [lineCounts]);
  return (
    <div class="live">
      <div class="stage" ref={stage}>
        <LivePicture camera={camera} layers={layers} onFrame={setFrame} lineCount={lineCount} />
        <div class="row">
          <fieldset class="row" aria-label={t('live.layers')}>
            {layerNames.map((name) => (
              <button
                key={name}
                type="button"
                aria-pressed={layers[name]}
                onClick={() => setLayers({ ...layers, [name]: !layers[name] })}
              >
                {t(`layer.${name}`)}
              </button>
            ))}
          </fieldset>
          <span class="grow" />
          <a class="button" href={hrefOf('events', `why:${camera.name}`)}>
            <Icon name="question" />
            {t('live.why')}
          </a>
          <button
            type="button"
            aria-label={t('live.fullscreen')}
            title={t('live.fullscreen')}
            onClick={() => {
              if (document.fullscreenElement) void document.exitFullscreen();
              else void stage.current?.requestFullscreen?.();
            }}
          >
            <Icon name="expand" />
          </button>
        </div>
        <InView camera={camera} />
      </div>
      <Readings camera={camera} frame={frame} />
    </div>
  );
}

/** How many of what are there, in each zone, and over each line. */
function InView({ camera }: { camera: HttpCamera }) {
  const { t, className } = useLanguage();
  const { state, geometry } = camera;
  const counts = Object.entries(state?.counts ?? {}).filter(([, count]) => count > 0);
  const zones = Object.keys(geometry.zones);
  const lines = Object.keys(geometry.lines);
  return (
    <dl class="in-view">
      <div>
        <dt>{t('live.in-view')}</dt>
        <dd>{counts.length === 0 ? t('live.nothing') : <Chips counts={counts} className={className} />}</dd>
      </div>
      {zones.map((zone) => {
        const inside = Object.entries(state?.zones[zone] ?? {}).filter(([, count]) => count > 0);
        return (
          <div key={zone}>
            <dt>{zone}</dt>
            <dd>{inside.length === 0 ? t('live.empty') : <Chips counts={inside} className={className} />}</dd>
          </div>
        );
      })}
      {lines.map((line) => (
        <div key={line}>
          <dt>{line}</dt>
          <dd>{countText(state?.lines?.[line]) || t('live.no-crossing')}</dd>
        </div>
      ))}
    </dl>
  );
}

function Chips({ counts, className }: { counts: [string, number][]; className: (name: string) => string }) {
  return (
    <span class="row chips">
      {counts.map(([name, count]) => (
        <span key={name} class="chip">
          <i style={{ background: classColour(name) }} />
          {className(name)} <b>{count}</b>
        </span>
      ))}
    </span>
  );
}

function countText(counts: NonNullable<CameraState['lines']>[string] | undefined): string {
  if (counts === undefined || counts['a-to-b'] + counts['b-to-a'] === 0) return '';
  return `→ ${counts['a-to-b']}  ← ${counts['b-to-a']}`;
}

import type { HttpCamera } from '../../../../src/contract/http.js';
import type { LiveFrame } from '../../../../src/contract/live.js';
import { useBoard, useLanguage } from '../../app/context.js';
import { Reading, useHistory } from '../../components/reading.js';

/** The figures beside the picture: of the picture, of the network, of the board. */
export function Readings({ camera, frame }: { camera: HttpCamera; frame: LiveFrame | undefined }) {
  const { t, number, named } = useLanguage();
  const health = useBoard((known) => known.health);
  const info = useBoard((known) => known.info?.info ?? null);
  const stamp = health?.at;
  const own = health?.cameras[camera.name] ?? camera.health;
  const sensors = health?.sensors;
  const fps = useHistory(own?.fps, stamp);
  const latency = useHistory(frame?.latencyMs, frame?.number);
  const inference = useHistory(own?.inferenceMs, stamp);
  const temperature = useHistory(sensors?.temperature.value, stamp);
  const watts = useHistory(sensors?.power.value, stamp);
  const governor = health?.governor;
  const provider = info?.provider;
  return (
    <aside class="readings" aria-label={t('reading.title')}>
      <section class="card">
        <h2>{t('reading.picture')}</h2>
        <dl>
          <Reading
            label={t('reading.fps')}
            value={number(own?.fps, 1)}
            unit={t('unit.fps')}
            history={fps}
            detail={t('reading.of', { fps: number(camera.settings.fps) })}
          />
          <Reading label={t('reading.latency')} value={number(frame?.latencyMs)} unit="ms" history={latency} />
          <Reading
            label={t('reading.size')}
            value={frame ? `${frame.picture[0]} × ${frame.picture[1]}` : '–'}
            detail={frame && !frame.detect ? t('reading.detect-off') : undefined}
          />
        </dl>
      </section>
      <section class="card">
        <h2>{t('reading.network')}</h2>
        <dl>
          <Reading
            label={t('reading.model')}
            value={info?.model.name ?? '–'}
            detail={info?.model.precision.toUpperCase()}
          />
          <Reading
            label={t('reading.provider')}
            value={provider?.active ?? '–'}
            tone={provider?.reason ? 'warn' : undefined}
            detail={provider?.reason}
          />
          <Reading label={t('reading.input')} value={frame?.input ? `${frame.input[0]} × ${frame.input[1]}` : '–'} />
          <Reading label={t('reading.inference')} value={number(own?.inferenceMs, 1)} unit="ms" history={inference} />
        </dl>
      </section>
      <section class="card">
        <h2>{t('reading.board')}</h2>
        <dl>
          <SensorReading
            label={t('reading.temperature')}
            reading={sensors?.temperature}
            unit="°C"
            history={temperature}
          />
          <SensorReading label={t('reading.power')} reading={sensors?.power} unit="W" history={watts} />
          <SensorReading label={t('reading.throttled')} reading={sensors?.throttled} />
          {sensors?.underVoltage.value && <Reading label={t('reading.under-voltage')} value={t('yes')} tone="bad" />}
          {governor?.heldBackBy && (
            <Reading
              label={t('reading.governor')}
              value={named('limit', governor.heldBackBy)}
              tone="warn"
              detail={governor.reason}
            />
          )}
        </dl>
      </section>
    </aside>
  );
}

interface Sensor {
  value: number | boolean | null;
  source: string;
  why?: string | undefined;
}

/** What a sensor says, or that there is none, or why it says nothing. A yes is never good news here. */
function SensorReading({
  label,
  reading,
  unit,
  history,
}: {
  label: string;
  reading: Sensor | undefined;
  unit?: string;
  history?: readonly (number | null)[];
}) {
  const { t, number } = useLanguage();
  const value = reading?.value;
  if (reading?.source === 'none') return <Reading label={label} value="" detail={t('reading.no-sensor')} />;
  if (value === undefined || value === null) return <Reading label={label} value="–" detail={reading?.why} />;
  if (typeof value === 'boolean') {
    return <Reading label={label} value={t(value ? 'yes' : 'no')} tone={value ? 'bad' : undefined} />;
  }
  return <Reading label={label} value={number(value, 1)} {...(unit && { unit })} {...(history && { history })} />;
}

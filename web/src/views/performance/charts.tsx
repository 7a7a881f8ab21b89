import { useMemo, useState } from 'preact/hooks';
import type { Series } from '../../../../src/contract/http.js';
import { useLanguage } from '../../app/context.js';
import { Chart } from '../../components/chart.js';
import { Empty, Failure } from '../../components/messages.js';
import { useAnswer } from '../../components/use-answer.js';

type Span = 'hour' | 'day';
const spans: readonly Span[] = ['hour', 'day'];
/** Half of a step: a new point is never late by more. */
const everyMs: Record<Span, number> = { hour: 5000, day: 120_000 };

/** Charts of the last hour or day. */
export function Charts() {
  const { t, named } = useLanguage();
  const [span, setSpan] = useState<Span>('hour');
  const [stage, setStage] = useState('total');
  const { value, error } = useAnswer<Series>('/api/series', { span }, { everyMs: everyMs[span] });
  const charts = useMemo(() => value && chartsOf(value), [value]);
  if (!value || !charts) return error ? <Failure error={error} /> : <Empty text={t('loading')} />;
  const stages = Object.keys(value.stages);
  const percentiles = value.stages[stage] ?? value.stages[stages[0] ?? ''];
  return (
    <>
      <div class="row">
        <fieldset class="row" aria-label={t('performance.span')}>
          {spans.map((name) => (
            <button key={name} type="button" aria-pressed={span === name} onClick={() => setSpan(name)}>
              {t(`performance.span.${name}`)}
            </button>
          ))}
        </fieldset>
        <label class="row">
          <span class="quiet">{t('performance.stage')}</span>
          <select class="short" value={stage} onChange={(event) => setStage(event.currentTarget.value)}>
            {stages.map((name) => (
              <option key={name} value={name}>
                {named('stage', name)}
              </option>
            ))}
          </select>
        </label>
      </div>
      {error && <Failure error={error} />}
      <div class="charts">
        <Chart
          title={t('performance.stage-times', { stage: named('stage', stage) })}
          unit="ms"
          at={value.at}
          from={0}
          series={(['p50', 'p90', 'p99'] as const).map((name) => ({ label: name, values: percentiles?.[name] ?? [] }))}
        />
        <Chart
          title={t('performance.medians')}
          unit="ms"
          at={value.at}
          from={0}
          series={charts.medians.map(([name, values]) => ({ label: named('stage', name), values }))}
        />
        <Chart title={t('performance.fps')} unit={t('unit.fps')} at={value.at} from={0} series={charts.fps} />
        <Chart
          title={t('performance.cpu')}
          unit={t('performance.of-a-core')}
          at={value.at}
          from={0}
          digits={0}
          series={[
            { label: t('process.engine'), values: value.cpu.engine },
            { label: t('process.daemon'), values: value.cpu.daemon },
          ]}
        />
        <Chart
          title={t('performance.temperature')}
          unit="°C"
          at={value.at}
          series={[{ label: t('performance.chip'), values: value.temperature }]}
          without={t('reading.no-sensor')}
        />
        <Chart
          title={t('performance.clock')}
          unit="MHz"
          digits={0}
          at={value.at}
          series={[{ label: t('performance.fastest'), values: value.clock }]}
          without={t('reading.no-sensor')}
        />
        <Chart
          title={t('performance.watts')}
          unit="W"
          at={value.at}
          from={0}
          series={[{ label: t('performance.board'), values: value.watts }]}
          without={t('reading.no-sensor')}
        />
        <Chart
          title={t('performance.rss')}
          unit="MB"
          digits={0}
          at={value.at}
          from={0}
          series={charts.rss.map(([name, values]) => ({ label: t(`process.${name}`), values }))}
        />
        <Chart
          title={t('performance.publish')}
          unit="ms"
          at={value.at}
          from={0}
          series={[{ label: t('performance.median'), values: value.publish }]}
          without={t('performance.no-broker')}
        />
      </div>
    </>
  );
}

/** Arrays that stay the same while the answer does, so that charts are not drawn for nothing. */
function chartsOf(value: Series) {
  const megabytes = (bytes: readonly (number | null)[]) => bytes.map((each) => (each === null ? null : each / 1e6));
  return {
    medians: Object.entries(value.stages)
      .filter(([name]) => name !== 'total')
      .map(([name, { p50 }]) => [name, p50] as const),
    fps: Object.entries(value.cameras).map(([label, { fps }]) => ({ label, values: fps })),
    rss: (['engine', 'daemon'] as const).map((name) => [name, megabytes(value.rss[name])] as const),
  };
}

import { useState } from 'preact/hooks';
import type { BenchmarkSummary } from '../../../../src/contract/benchmark.js';
import type { HttpTask } from '../../../../src/contract/http.js';
import type { Tuning } from '../../../../src/contract/tuning.js';
import { useLanguage } from '../../app/context.js';
import { ask, BoardError } from '../../board/http.js';
import { Failure } from '../../components/messages.js';
import { useAnswer } from '../../components/use-answer.js';
import { useNow } from '../../components/use-now.js';

/** Measures the board, and how it runs the model best. Both go on when the page is closed. */
export function Measure() {
  return (
    <div class="charts">
      <Task name="benchmark" render={(result) => <Benchmark result={result as BenchmarkSummary} />} />
      <Task name="tune" render={(result) => <TuningReport result={result as Tuning} />} />
    </div>
  );
}

function Task({ name, render }: { name: 'benchmark' | 'tune'; render(result: unknown): preact.ComponentChildren }) {
  const { t, duration, time } = useLanguage();
  const path = `/api/${name}`;
  const { value, error, again } = useAnswer<HttpTask>(path, {}, { everyMs: 2000 });
  const [refusal, setRefusal] = useState<BoardError>();
  const now = useNow(1000);
  const isRunning = value?.state === 'running';
  const start = async () => {
    setRefusal(undefined);
    try {
      await ask(path, { method: 'POST', body: {} });
      again();
    } catch (thrown) {
      if (thrown instanceof BoardError) setRefusal(thrown);
      else throw thrown;
    }
  };
  return (
    <section class="card">
      <header>
        <h2>{t(`measure.${name}`)}</h2>
        <button type="button" class="primary" disabled={isRunning || !value} onClick={() => void start()}>
          {t(isRunning ? 'measure.running' : 'measure.start')}
        </button>
      </header>
      <p class="quiet">{t(`measure.${name}.what`)}</p>
      {isRunning && (
        <p role="status">
          <progress aria-label={t('measure.running')} value={value.progress?.done} />{' '}
          {value.progress && `${t('measure.round', { ...value.progress })} `}
          {t('measure.since', { age: duration(now - Date.parse(value.startedAt ?? new Date(now).toISOString())) })}
        </p>
      )}
      {(refusal ?? error) && <Failure error={(refusal ?? error) as BoardError} />}
      {value?.state === 'failed' && value.error && (
        <Failure error={new BoardError(value.error.error, value.error.code, 500)} />
      )}
      {value?.state === 'done' && value.result !== null && (
        <>
          <p class="quiet">{t('measure.ended', { time: time(value.endedAt ?? Date.now()) })}</p>
          {render(value.result)}
        </>
      )}
    </section>
  );
}

function Benchmark({ result }: { result: BenchmarkSummary }) {
  const { t, number, bytes } = useLanguage();
  const { inferenceMs, captureToPublishMs, energy } = result;
  const rows: [string, string][] = [
    [t('reading.model'), `${result.model.name} ${result.model.version} ${result.model.precision}`],
    [t('reading.input'), `${result.input[0]} × ${result.input[1]}`],
    [t('reading.provider'), result.provider.active],
    [
      t('measure.inference'),
      `${number(inferenceMs.p50, 1)} / ${number(inferenceMs.p90, 1)} / ${number(inferenceMs.p99, 1)} ms`,
    ],
    [
      t('measure.publish'),
      `${number(captureToPublishMs.p50, 1)} / ${number(captureToPublishMs.p90, 1)} / ${number(captureToPublishMs.p99, 1)} ms`,
    ],
    [t('reading.fps'), number(result.fps, 1)],
    [t('performance.cpu'), result.cpuPercent === null ? '–' : `${number(result.cpuPercent)} %`],
    [t('performance.rss'), result.peakRssBytes === null ? '–' : bytes(result.peakRssBytes)],
    [t('measure.energy'), energy.measured ? `${number(energy.joules * 1000, 1)} mJ` : energy.why],
    [t('measure.load'), number(result.load, 1)],
  ];
  return (
    <>
      <Table rows={rows} />
      <p class="quiet">{t('measure.percentiles')}</p>
    </>
  );
}

function Table({ rows }: { rows: readonly (readonly [string, string])[] }) {
  return (
    <div class="scroll">
      <table>
        <tbody>
          {rows.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class="number">{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function TuningReport({ result }: { result: Tuning }) {
  const { t, number } = useLanguage();
  const { choice } = result;
  const nameOf = (way: Tuning['choice']) =>
    `${way.precision} ${way.size[0]} × ${way.size[1]}, ${way.provider}, ${t('measure.threads', { threads: way.threads })}`;
  return (
    <>
      <p>
        <strong>{nameOf(choice)}</strong>
      </p>
      <p class="quiet">{result.why}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
      <section class="scroll" tabIndex={0} aria-label={t('measure.trials')}>
        <table>
          <thead>
            <tr>
              <th>{t('measure.way')}</th>
              <th class="number">ms</th>
              <th class="number">{t('measure.cpu')}</th>
              <th class="number">AP</th>
              <th>{t('measure.verdict')}</th>
            </tr>
          </thead>
          <tbody>
            {result.trials.map((trial) => (
              <tr key={nameOf(trial) + trial.spinning}>
                <td>{nameOf(trial)}</td>
                <td class="number">{number(trial.latencyMs, 1)}</td>
                <td class="number">{number(trial.cpuPercent)} %</td>
                <td class="number">{number(trial.ap, 3)}</td>
                <td class="quiet">{trial.refused ?? ''}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}

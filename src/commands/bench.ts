import { once } from 'node:events';
import { benchmarkTable } from '../bench/benchmark-table.js';
import { htmlReport } from '../bench/html-report.js';
import { type BenchmarkTask, runBenchmark, summarise } from '../bench/run-benchmark.js';
import { loadSettings } from '../config/load.js';
import { maskUrl, type Redactor } from '../config/mask.js';
import type { Settings } from '../config/schema.js';
import type { Benchmark } from '../contract/benchmark.js';
import { BrokerError, exitCodes, MinspnetError } from '../contract/errors.js';
import { Topics } from '../contract/topics.js';
import { modelPlaces } from '../daemon/state-directory.js';
import { loadModel } from '../model/load.js';
import { configuredBroker } from '../mqtt/broker-access.js';
import { openSession } from './open-session.js';
import { ownVersion } from './options.js';
import { requireOutput, writeOutput } from './output-file.js';
import { ProgressBar } from './progress-bar.js';

/** What `minspnet bench` can be told. */
export interface BenchOptions {
  config?: string;
  model?: string;
  precision?: 'fp32' | 'int8';
  size?: [number, number];
  source: string;
  /** Seconds of each part. */
  duration: number;
  /** Undefined: as fast as possible. */
  rate?: number;
  compare: string[];
  json?: string;
  report?: string;
  publish: boolean;
  /** Broker's URL. */
  mqtt?: string;
}

/** `minspnet bench`: what this board can do, measured by the rules of docs/benchmark.md. */
export async function bench(options: BenchOptions, redactor: Redactor): Promise<number> {
  const { settings } = loadSettings({ file: options.config, redactor });
  redactor.addSettings({ source: options.source, url: options.mqtt }, []);
  const broker = options.mqtt ?? settings.mqtt.url;
  if (options.publish && broker === undefined) {
    throw new MinspnetError(
      'ERR_BENCH_NO_BROKER',
      'usage',
      '--publish needs a broker: name one with --mqtt, or `mqtt.url`',
    );
  }
  for (const file of [options.json, options.report]) if (file !== undefined && file !== '-') await requireOutput(file);
  if (broker !== undefined && (options.publish || options.mqtt !== undefined)) {
    const session = await openSession(configuredBroker(broker, settings.mqtt), settings, 'bench');
    await session.stop(); // whether it takes us shall not show after minutes of measuring only
  }
  const load = (name: string, precision: Settings['model']['precision']) =>
    loadModel(name, precision, 'detect', modelPlaces(settings));
  const first = await load(options.model ?? settings.model.path, options.precision ?? settings.model.precision);
  const others = await Promise.all(options.compare.map((model) => load(...withPrecision(model))));
  const stop = new AbortController();
  const interrupted = once(process, 'SIGINT', { signal: stop.signal }).then(() =>
    stop.abort(new MinspnetError('ERR_BENCH_STOPPED', 'engine', 'stopped before the end: there is no result')),
  );
  interrupted.catch(() => {});
  const bar = new ProgressBar(process.stderr);
  let result: Benchmark;
  try {
    const task: BenchmarkTask = {
      version: ownVersion(),
      models: [first, ...others],
      runtime: settings.runtime,
      size: options.size ?? (settings.model.size === 'auto' ? undefined : settings.model.size),
      source: options.source,
      seconds: options.duration,
      fps: options.rate,
      broker: options.mqtt,
    };
    result = await runBenchmark(task, { onProgress: ({ part, done }) => bar.show(part, done), signal: stop.signal });
  } finally {
    stop.abort();
    bar.end();
  }
  if (options.json === '-') process.stdout.write(`${JSON.stringify(result)}\n`);
  else process.stdout.write(benchmarkTable(result));
  if (options.json !== undefined && options.json !== '-') {
    await writeOutput(options.json, redactor.redact(`${JSON.stringify(result, undefined, 2)}\n`));
  }
  if (options.report !== undefined) await writeOutput(options.report, redactor.redact(htmlReport(result)));
  if (options.publish && broker !== undefined) await publish(result, broker, settings);
  return exitCodes.ok;
}

/** `NAME` or `NAME:fp32`. */
function withPrecision(text: string): [string, 'auto' | 'fp32' | 'int8'] {
  const [, name = text, precision = 'auto'] = /^(.*):(fp32|int8)$/.exec(text) ?? [];
  return [name, precision as 'auto' | 'fp32' | 'int8'];
}

async function publish(result: Benchmark, url: string, settings: Settings): Promise<void> {
  try {
    const session = await openSession(configuredBroker(url, settings.mqtt), settings, 'bench');
    const { benchmark } = new Topics(settings.mqtt.baseTopic, settings.node);
    await session
      .publishAsync(benchmark, JSON.stringify(summarise(result)), { retain: true })
      .finally(() => session.stop());
  } catch (cause) {
    throw new BrokerError('ERR_BROKER_AWAY', 'broker', `the result could not be said to ${maskUrl(url)}: ${cause}`, {
      cause,
    });
  }
}

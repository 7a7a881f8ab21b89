// prom-client: the client library for Prometheus that Node programs use; it knows the format and its escapes.
import { Registry } from 'prom-client';
import { durationBounds } from '../../timing/histogram.js';
import type { CameraMeasures, Measures, ServerMeasures } from './measures.js';

interface Sample {
  labels: Record<string, string>;
  value: number;
  /** Of a histogram's parts. */
  metricName?: string;
}

/** A metric as the registry prints it. Ours are made when somebody asks: all values are counted elsewhere. */
interface Metric {
  name: string;
  help: string;
  type: 'counter' | 'gauge' | 'histogram';
  values: Sample[];
}

/** Everything at `/metrics`, in Prometheus' text format. Names and units: https://prometheus.io/docs/practices/naming/. */
export async function metricsText(measures: Measures, server: ServerMeasures): Promise<string> {
  const registry = new Registry();
  const all = [...boardMetrics(measures), ...cameraMetrics(measures), ...serverMetrics(server)];
  for (const metric of all) {
    if (metric.values.length === 0) continue;
    // The registry asks of a metric no more than its name and what to print of it.
    registry.registerMetric({ ...metric, get: async () => metric } as never);
  }
  return registry.metrics();
}

export const metricsType = Registry.PROMETHEUS_CONTENT_TYPE;

/** What a value that is not known is: no sample, never 0. */
function sample(value: number | boolean | null | undefined, labels: Record<string, string> = {}): Sample[] {
  return value === null || value === undefined ? [] : [{ labels, value: Number(value) }];
}

function counter(name: string, help: string, values: Sample[]): Metric {
  return { name: `minspnet_${name}_total`, help, type: 'counter', values };
}

function gauge(name: string, help: string, values: Sample[]): Metric {
  return { name: `minspnet_${name}`, help, type: 'gauge', values };
}

function boardMetrics({ version, node, board, startedAt, info, health, engine, ...rest }: Measures): Metric[] {
  const model = info?.model;
  const build = {
    version,
    node,
    board,
    model: model?.name ?? '',
    model_version: model?.version ?? '',
    precision: model?.precision ?? '',
    provider: info?.provider.active ?? '',
  };
  const { user, system } = process.cpuUsage();
  const process_ = (engineValue: number, own: number) => [
    ...(engine.up ? sample(engineValue, { process: 'engine' }) : []),
    ...sample(own, { process: 'daemon' }),
  ];
  const outcome = (name: 'done' | 'failed' | 'refused') => sample(health?.requests[name], { outcome: name });
  const ms = health?.broker?.medianMs;
  return [
    gauge('info', 'What runs here; always 1.', sample(1, build)),
    gauge('start_time_seconds', 'When the daemon started, since 1970.', sample(startedAt)),
    gauge('engine_up', 'Whether an engine looks at pictures now.', sample(engine.up)),
    counter('engine_restarts', 'Engines that were lost and replaced.', sample(engine.restarts)),
    gauge('resident_memory_bytes', 'Resident memory by process.', process_(engine.rssBytes, process.memoryUsage.rss())),
    counter('cpu_seconds', 'CPU time by process.', process_(engine.cpuSeconds, (user + system) / 1e6)),
    gauge('broker_connected', 'Whether the MQTT broker is there.', sample(rest.brokerConnected)),
    gauge(
      'broker_acknowledge_seconds',
      'Median from a message’s way out to the broker’s acknowledgement, newest period.',
      sample(ms === undefined ? undefined : ms / 1000),
    ),
    gauge('outbox_events', 'Events that wait for the broker.', sample(health?.outbox.waiting)),
    counter('outbox_dropped', 'Oldest events given up because the outbox was full.', sample(health?.outbox.dropped)),
    counter('outbox_delivered', 'Events that the broker has acknowledged.', sample(health?.outbox.delivered)),
    counter('requests', 'Requests over MQTT by what became of them.', [
      ...outcome('done'),
      ...outcome('failed'),
      ...outcome('refused'),
    ]),
    gauge('temperature_celsius', 'Temperature of the chip.', sample(health?.sensors.temperature.value)),
    gauge('power_watts', 'What the board’s power sensor says.', sample(health?.sensors.power.value)),
    counter('energy_joules', 'Energy since the start, by the board’s power sensor.', sample(rest.joules)),
    gauge('throttled', 'Whether the firmware slows the chip down.', sample(health?.sensors.throttled.value)),
    gauge('under_voltage', 'Whether the supply is too weak now.', sample(health?.sensors.underVoltage.value)),
    gauge('governor_rate_ratio', 'Fraction of their rate that cameras may have.', sample(health?.governor?.rate)),
    gauge('governor_pixels_ratio', 'Fraction of the input’s pixels that is used.', sample(health?.governor?.pixels)),
  ];
}

function cameraMetrics({ cameras }: Measures): Metric[] {
  const each = (take: (camera: CameraMeasures, labels: { camera: string }) => Sample[]) =>
    Object.entries(cameras).flatMap(([camera, measures]) => take(measures, { camera }));
  type Counted = 'frames' | 'still' | 'skipped' | 'decodeErrors' | 'snapshotErrors' | 'outlinesSkipped';
  const counted = (name: Counted | 'stalls' | 'reconnects' | 'clockJumps') =>
    each(({ health }, labels) => sample(health?.[name], labels));
  return [
    gauge(
      'camera_live',
      'Whether a camera gives pictures now.',
      each(({ live }, labels) => sample(live, labels)),
    ),
    gauge(
      'camera_frames_per_second',
      'Pictures analysed a second.',
      each(({ live, health }, labels) => (live ? sample(health?.fps, labels) : sample(0, labels))),
    ),
    counter('frames', 'Pictures analysed.', counted('frames')),
    counter('frames_still', 'Pictures in which nothing had changed, so that the network was spared.', counted('still')),
    counter(
      'frames_skipped',
      'Pictures dropped because a newer one came before the network was free.',
      counted('skipped'),
    ),
    counter('decode_errors', 'Pictures that could not be decoded.', counted('decodeErrors')),
    counter('snapshot_errors', 'Snapshots that could not be made.', counted('snapshotErrors')),
    counter(
      'outlines_skipped',
      'Pictures that were not segmented, since the next would have come late.',
      counted('outlinesSkipped'),
    ),
    counter('camera_stalls', 'Times that no picture came for a while.', counted('stalls')),
    counter('camera_reconnects', 'Times that a camera was lost and came back.', counted('reconnects')),
    counter('camera_clock_jumps', 'Time stamps of the source that leapt.', counted('clockJumps')),
    counter(
      'camera_losses',
      'Broken connections and failed attempts by the code of their error.',
      each(({ health }, labels) =>
        Object.entries(health?.losses ?? {}).flatMap(([code, count]) => sample(count, { ...labels, code })),
      ),
    ),
    gauge(
      'objects',
      'Objects in view by class.',
      each(({ state }, labels) =>
        Object.entries(state?.counts ?? {}).flatMap(([name, count]) => sample(count, { ...labels, class: name })),
      ),
    ),
    counter(
      'events',
      'Events by class and type.',
      each(({ events }, labels) => events.flatMap(({ count, ...rest }) => sample(count, { ...labels, ...rest }))),
    ),
    {
      name: 'minspnet_stage_duration_seconds',
      help: 'How long a picture took, by stage: prepare, wait, inference, track, total.',
      type: 'histogram',
      values: each(({ stages = {} }, labels) =>
        Object.entries(stages).flatMap(([stage, durations]) => histogram(durations, { ...labels, stage })),
      ),
    },
  ];
}

function histogram({ counts, sumMs }: { counts: number[]; sumMs: number }, labels: Record<string, string>): Sample[] {
  const name = 'minspnet_stage_duration_seconds';
  let below = 0;
  const buckets = counts.map((count, i) => {
    below += count;
    const bound = durationBounds[i];
    const le = bound === undefined ? '+Inf' : String(bound / 1000);
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: below };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sumMs / 1000 },
    { metricName: `${name}_count`, labels, value: below },
  ];
}

function serverMetrics({ refused, connections, webSockets, live }: ServerMeasures): Metric[] {
  const each = (name: 'viewers' | 'sent' | 'lost') =>
    Object.entries(live).flatMap(([camera, values]) => sample(values[name], { camera }));
  return [
    counter(
      'http_refused',
      'Requests and connections that were refused, by reason.',
      Object.entries(refused).flatMap(([reason, count]) => sample(count, { reason })),
    ),
    gauge('http_connections', 'Open connections.', sample(connections)),
    gauge('http_websockets', 'Open WebSockets.', sample(webSockets)),
    gauge('live_viewers', 'Who watches a camera now.', each('viewers')),
    counter('live_frames_sent', 'Live pictures sent to viewers.', each('sent')),
    counter('live_frames_lost', 'Live pictures that a viewer was too slow for.', each('lost')),
  ];
}

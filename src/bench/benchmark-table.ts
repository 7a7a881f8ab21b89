import type { Benchmark, Distribution, Energy } from '../contract/benchmark.js';

/** What is not known is said, never left empty. */
export const tooSmall = 'n too small';

/** Three digits that mean something. */
export function figure(value: number | null): string {
  if (value === null) return '–';
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** A percentile that may have too few samples. */
export function percentileText(value: number | null): string {
  return value === null ? tooSmall : figure(value);
}

export function mebibytes(bytes: number | null): string {
  return bytes === null ? '–' : `${Math.round(bytes / 2 ** 20)} MiB`;
}

export function energyText(energy: Energy): string {
  if (!energy.measured) return `not measured: ${energy.why}`;
  const millijoules = (joules: number) => `${figure(joules * 1000)} mJ`;
  return (
    `${millijoules(energy.joules)} each, ${millijoules(energy.joulesAboveIdle)} above idle; ` +
    `${figure(energy.meanWatts)} W mean, ${figure(energy.peakWatts)} W peak, ${figure(energy.idleWatts)} W idle`
  );
}

/** A sensor's value with its unit, or why there is none. */
export function readingText({ value, unit, source, why }: Benchmark['before']['temperature']): string {
  if (typeof value === 'number') return `${figure(value)} ${unit}`;
  return source === 'none' ? 'no sensor' : `unknown: ${why ?? 'the sensor says nothing'}`;
}

/** Whether and how the firmware held the chip back, in words. */
export function throttlingText({ value, source, why }: Benchmark['before']['throttling']): string {
  if (value === null || typeof value !== 'object') return source === 'none' ? 'nobody says' : `unknown: ${why ?? ''}`;
  const { now } = value as { now: Record<string, boolean> };
  const on = Object.keys(now).filter((flag) => now[flag]);
  return on.length === 0 ? 'no' : on.join(', ');
}

export function clocksText({ clocks }: Benchmark['before']): string {
  const texts = clocks.map(
    ({ current, limit, governor }) =>
      `${readingText(current)} of ${readingText(limit)}${governor ? `, ${governor}` : ''}`,
  );
  return texts.join('; ') || 'the kernel does not say';
}

export function osText({ os, kernel, virtualHost }: Benchmark['board']): string {
  return `${os}, kernel ${kernel}${virtualHost === null ? '' : `, virtual (${virtualHost})`}`;
}

/** Power mode and GPU before and after, where the board has them. */
export function jetsonFacts({ before, after }: Benchmark): [name: string, text: string][] {
  const mode = ({ powerMode: { value, why } }: Benchmark['before']) =>
    typeof value === 'string' ? value : `unknown: ${why}`;
  const gpu = ({ gpu: { clock, limit, load } }: Benchmark['before']) =>
    `${readingText(clock)} of ${readingText(limit)}, load ${readingText(load)}`;
  const facts: [string, string][] = [];
  if (before.powerMode.source !== 'none') facts.push(['power mode', `${mode(before)} → ${mode(after)}`]);
  if (before.gpu.clock.source !== 'none') facts.push(['GPU', `${gpu(before)} → ${gpu(after)}`]);
  return facts;
}

/** What `minspnet bench` prints. */
export function benchmarkTable(result: Benchmark): string {
  const { board, runtime, source, before, after, daemon } = result;
  const lines = [
    `board      ${board.model}, ${board.cpu}, ${mebibytes(board.memoryBytes)}, ${osText(board)}`,
    `runtime    minspnet ${result.version}, ONNX Runtime ${runtime.onnxruntime}, Node ${runtime.node}, ` +
      `${runtime.threads} thread${runtime.threads === 1 ? '' : 's'}, spinning ${runtime.spinning ? 'on' : 'off'}`,
    `source     ${source.name}, ${source.width}x${source.height}, rate ${result.rate}, ${result.durationSeconds} s a part`,
    `clocks     ${clocksText(before)} → ${clocksText(after)}`,
    `heat       ${readingText(before.temperature)} → ${readingText(after.temperature)}; throttled: ` +
      `${throttlingText(before.throttling)} → ${throttlingText(after.throttling)}`,
    ...jetsonFacts(result).map(([name, text]) => `${name.padEnd(10)} ${text}`),
    `load       ${figure(before.load)} before (processes that wanted a core; above 0.5 something else disturbs)`,
    '',
    row('ms', 'p50', 'p90', 'p99', 'mean', 'samples'),
  ];
  for (const model of result.models) {
    const [width, height] = model.input;
    lines.push(distributionRow(`${model.name} ${width}x${height}`, model.inferenceMs));
  }
  for (const { name, wallMs } of result.stages) lines.push(distributionRow(`  ${name}`, wallMs));
  lines.push(distributionRow('daemon: capture to publish', daemon.captureToPublishMs));
  lines.push(distributionRow('  less inference', daemon.addedMs));
  lines.push(distributionRow('  events', daemon.eventsMs), '');
  for (const { name, provider, cpuMs, ratio, energy, sha256, warmUp, loadMs } of result.models) {
    const why = provider.reason === undefined ? '' : ` (${provider.reason})`;
    lines.push(`${name}, sha256 ${sha256.slice(0, 12)}…`);
    lines.push(`  provider   ${provider.requested} asked for, ${provider.active} active${why}`);
    lines.push(
      `  CPU        ${figure(cpuMs)} ms an inference; loaded in ${figure(loadMs)} ms; ${warmUp.runs} runs of warm-up`,
    );
    if (ratio !== null) {
      const spread = `${ratio.low.toFixed(3)} to ${ratio.high.toFixed(3)}`;
      lines.push(
        `  time       ${ratio.median.toFixed(3)} times that of ${ratio.to} (quartiles ${spread}, ${ratio.rounds} rounds)`,
      );
    }
    lines.push(`  energy     ${energyText(energy)}`);
  }
  const { cpuPercent, peakRssBytes, coldStartMs } = daemon;
  const coldStart = `${figure(coldStartMs.ready)} ms until ready, ${figure(coldStartMs.firstResult)} ms to the first result`;
  lines.push(
    `daemon, broker ${daemon.broker}`,
    `  pictures   ${figure(daemon.fps)} a second, ${daemon.pictures} in all; ${daemon.skipped} skipped, ${daemon.decodeErrors} not decoded`,
    `  CPU        ${figure(cpuPercent.both)} % of one core (engine ${figure(cpuPercent.engine)}, daemon ${figure(cpuPercent.daemon)})`,
    `  memory     ${mebibytes(peakRssBytes.both)} at most (engine ${mebibytes(peakRssBytes.engine)}, daemon ${mebibytes(peakRssBytes.daemon)})`,
    `  cold start ${coldStart}`,
    `  energy     ${energyText(daemon.energy)}`,
    '',
  );
  return lines.join('\n');
}

function distributionRow(name: string, { p50, p90, p99, mean, samples }: Distribution): string {
  return row(name, percentileText(p50), percentileText(p90), percentileText(p99), figure(mean), String(samples));
}

function row(...cells: string[]): string {
  return cells.map((cell, i) => (i === 0 ? cell.padEnd(34) : cell.padStart(12))).join('');
}

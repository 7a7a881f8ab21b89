import { escapeHtml, lineChart } from '../../../src/bench/chart.js';
import { percentile, sortUp } from '../../../src/timing/percentile.js';
import { type FaultName, faultNames, type Sample, type SoakResult } from './soak.js';

/** A figure of the first and the last tenth of a run. */
export interface Course {
  name: string;
  unit: string;
  first: number;
  last: number;
  /** Per cent. */
  growth: number;
}

export interface SoakSummary {
  minutes: number;
  deaths: number;
  events: SoakResult['events'];
  faults: Partial<Record<FaultName, FaultSummary>>;
  usualBlindMs: number;
  courses: Course[];
  latency: { first: number | null; last: number | null; count: number };
}

interface FaultSummary {
  made: number;
  recovered: number;
  medianMs: number | null;
  worstMs: number | null;
  blindMedianMs: number | null;
  blindWorstMs: number | null;
}

/** @param warmUp the first tenth begins after this part of a run, 0..1: until then heaps and caches fill */
export function summarise(result: SoakResult, warmUp: number): SoakSummary {
  const { samples, faults, latencies, seconds, events, death, usualBlindMs } = result;
  const settled = samples.filter((sample) => sample.seconds >= warmUp * seconds);
  const tenth = Math.max(1, Math.floor(settled.length / 10));
  const course = (name: string, unit: string, of: (sample: Sample) => number | undefined): Course => {
    const mean = (part: Sample[]) => {
      const values = part.flatMap((sample) => of(sample) ?? []);
      return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
    };
    const [first, last] = [mean(settled.slice(0, tenth)), mean(settled.slice(-tenth))];
    return { name, unit, first, last, growth: (100 * (last - first)) / Math.max(first, 1e-9) };
  };
  const p99 = (from: number, to: number) => {
    const values = latencies.filter(([at]) => at >= from && at < to).map(([, ms]) => ms);
    return values.length === 0 ? null : percentile(sortUp(values), 0.99);
  };
  const from = warmUp * seconds;
  const step = (seconds - from) / 10;
  return {
    minutes: seconds / 60,
    deaths: death === undefined ? 0 : 1,
    events,
    faults: Object.fromEntries(
      faultNames.flatMap((name) => {
        const made = faults.filter((fault) => fault.name === name);
        return made.length === 0 ? [] : [[name, faultSummary(made)]];
      }),
    ),
    usualBlindMs,
    courses: [
      course('daemon, resident', 'MiB', ({ daemon }) => daemon.rssBytes / 2 ** 20),
      course('engine, resident', 'MiB', ({ engine }) => engine && engine.rssBytes / 2 ** 20),
      course('daemon, descriptors', '', ({ daemon }) => daemon.descriptors),
      course('engine, descriptors', '', ({ engine }) => engine?.descriptors),
      course('daemon, threads', '', ({ daemon }) => daemon.threads),
      course('engine, threads', '', ({ engine }) => engine?.threads),
    ],
    latency: { first: p99(from, from + step), last: p99(seconds - step, seconds + 1), count: latencies.length },
  };
}

function faultSummary(made: SoakResult['faults']): FaultSummary {
  const recovered = sortUp(made.flatMap(({ recoveredMs }) => recoveredMs ?? []));
  const blind = sortUp(made.map(({ blindMs }) => blindMs));
  const at = (values: number[], part: number) => (values.length === 0 ? null : percentile(values, part));
  return {
    made: made.length,
    recovered: recovered.length,
    medianMs: at(recovered, 0.5),
    worstMs: at(recovered, 1),
    blindMedianMs: at(blind, 0.5),
    blindWorstMs: at(blind, 1),
  };
}

/** For a terminal. */
export function describe(summary: SoakSummary): string {
  const { events, courses, latency, deaths, minutes, usualBlindMs } = summary;
  const ms = (value: number | null) => (value === null ? '-' : `${value.toFixed(0)} ms`);
  const faults = Object.entries(summary.faults).map(([name, fault]) => {
    const { made, recovered, medianMs, worstMs, blindMedianMs, blindWorstMs } = fault;
    const blind = `; without a picture median ${ms(blindMedianMs)}, worst ${ms(blindWorstMs)}`;
    const recovery = `${name}: ${recovered} of ${made} recovered, median ${ms(medianMs)}, worst ${ms(worstMs)}`;
    return name === 'broker' ? recovery : recovery + blind; // of its pictures nobody could be told
  });
  const grown = courses.map(({ name, unit, first, last, growth }) => {
    return `${name.padEnd(20)} ${first.toFixed(1)} -> ${last.toFixed(1)} ${unit} (${growth.toFixed(2)} %)`;
  });
  return [
    `${minutes.toFixed(1)} minutes, ${deaths} daemon deaths`,
    `events: ${events.heard} heard, ${events.lost} lost, ${events.twice} twice, ${events.told} told as gap`,
    ...faults,
    `longest time without a picture while nothing was done: ${ms(usualBlindMs)}`,
    ...grown,
    `capture to publication, p99: first tenth ${ms(latency.first)}, last tenth ${ms(latency.last)} (${latency.count} events)`,
  ].join('\n');
}

const css = `body{font:15px/1.5 system-ui,sans-serif;max-width:960px;margin:24px auto;padding:0 16px}
svg{width:100%;height:auto}svg text{font-size:12px;fill:#667384}.grid{stroke:#e3e7ec}.line{fill:none;stroke-width:1.5;stroke:var(--c)}
.c0{--c:#2f6fde}.c1{--c:#d9622b}.c2{--c:#2a9d6f}.mark{stroke:#16202c}pre{background:#f6f7f9;padding:12px;overflow:auto}`;

/** One page that needs nothing else. */
export function htmlReport(title: string, result: SoakResult, summary: SoakSummary): string {
  const { samples, latencies, seconds } = result;
  const line = (name: string, colour: string, of: (sample: Sample) => number | undefined) => ({
    name,
    colour,
    points: samples.map((sample) => [sample.seconds, of(sample) ?? null] as const),
  });
  const chart = (heading: string, unit: string, lines: Parameters<typeof lineChart>[0]) => {
    const legend = lines.map(
      ({ name, colour }) => `<b class="${colour}" style="color:var(--c)">${escapeHtml(name)}</b>`,
    );
    return `<h2>${escapeHtml(heading)}</h2><p>${legend.join(' · ')}</p>${lineChart(lines, { unit, to: seconds, fromZero: true })}`;
  };
  const both = (heading: string, unit: string, of: (one: Sample['daemon']) => number) =>
    chart(heading, unit, [
      line('engine', 'c0', ({ engine }) => engine && of(engine)),
      line('daemon', 'c1', ({ daemon }) => of(daemon)),
    ]);
  const slowest = latencies.map(([at, ms]) => [at, ms] as const);
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escapeHtml(title)}</title><style>${css}</style>
<h1>${escapeHtml(title)}</h1><pre>${escapeHtml(describe(summary))}</pre>
${both('Resident memory', 'MiB', ({ rssBytes }) => rssBytes / 2 ** 20)}
${both('Descriptors', '', ({ descriptors }) => descriptors)}
${both('Threads', '', ({ threads }) => threads)}
${chart('Events that wait for the broker', '', [line('waiting', 'c2', ({ waiting }) => waiting)])}
${chart('From capture to publication', 'ms', [{ name: 'each event', colour: 'c0', points: slowest }])}
</html>
`;
}

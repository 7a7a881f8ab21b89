import type { Benchmark, Distribution } from '../contract/benchmark.js';
import {
  clocksText,
  energyText,
  figure,
  jetsonFacts,
  mebibytes,
  osText,
  percentileText,
  readingText,
  throttlingText,
} from './benchmark-table.js';
import { escapeHtml, histogramChart, lineChart, shareChart } from './chart.js';

const colours = ['c0', 'c1', 'c2', 'c3', 'c4', 'c5'];

/** One HTML file that loads nothing: what was measured, as plots and with all that it depends on. */
export function htmlReport(result: Benchmark): string {
  const [model] = result.models;
  if (model === undefined) throw new TypeError('no model');
  const { board } = result;
  const about = `${board.cpu} · ${model.name} ${model.version} at ${model.input.join('x')} · provider ${model.provider.active}, ${result.runtime.threads} thread(s) · ${result.at}`;
  return htmlPage(`MINSPNET on ${board.model}`, about, benchmarkSections(result));
}

/** One HTML file that loads nothing. @param sections HTML */
export function htmlPage(title: string, about: string, sections: string): string {
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title><style>${style}</style>
<main>
<header><h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(about)}</p></header>
${sections}
</main></html>
`;
}

/** The plots and tables of a benchmark, as HTML. */
export function benchmarkSections(result: Benchmark): string {
  const [model] = result.models;
  if (model === undefined) throw new TypeError('no model');
  const { daemon } = result;
  return `${warnings(result)}
<section class="tiles">
${tile('inference, median', figure(model.inferenceMs.p50), 'ms', `p99 ${percentileText(model.inferenceMs.p99)} · n ${model.inferenceMs.samples}`)}
${tile('capture to publish, median', figure(daemon.captureToPublishMs.p50), 'ms', `p99 ${percentileText(daemon.captureToPublishMs.p99)} · n ${daemon.captureToPublishMs.samples}`)}
${tile('added to inference, p99', percentileText(daemon.addedMs.p99), daemon.addedMs.p99 === null ? '' : 'ms', `median ${figure(daemon.addedMs.p50)} ms`)}
${tile('whole daemon', figure(daemon.cpuPercent.both), '% of a core', `at ${figure(daemon.fps)} pictures a second`)}
${tile('peak memory', figure(daemon.peakRssBytes.both === null ? null : daemon.peakRssBytes.both / 2 ** 20), 'MiB', `engine ${mebibytes(daemon.peakRssBytes.engine)} · daemon ${mebibytes(daemon.peakRssBytes.daemon)}`)}
${tile('energy a picture', daemon.energy.measured ? figure(daemon.energy.joules * 1000) : 'not measured', daemon.energy.measured ? 'mJ' : '', daemon.energy.measured ? `${figure(daemon.energy.joulesAboveIdle * 1000)} mJ above idle` : daemon.energy.why)}
</section>
${latency(result)}
${course(result)}
${power(result)}
${stageShares(result)}
${models(result)}
${whatRan(result)}`;
}

/** What makes the figures worth less comes before them. */
function warnings({ board, before, after, models, daemon }: Benchmark): string {
  const found: string[] = [];
  if (board.virtualHost !== null)
    found.push(`The machine is virtual (${board.virtualHost}): what else its host does is not seen here.`);
  if (before.load > 0.5) {
    found.push(
      `Before the start ${figure(before.load)} processes already wanted a core: something else ran, and times are too long.`,
    );
  }
  for (const [when, state] of [
    ['before', before],
    ['after', after],
  ] as const) {
    const text = throttlingText(state.throttling);
    if (state.throttling.value !== null && text !== 'no')
      found.push(`The firmware held the chip back ${when} the run: ${text}.`);
  }
  for (const { name, provider } of models) {
    if (provider.reason !== undefined)
      found.push(`${name}: ${provider.requested} was asked for, ${provider.active} ran: ${provider.reason}.`);
  }
  if (daemon.skipped > 0)
    found.push(`${daemon.skipped} pictures were skipped: the network was busy when they were due.`);
  return found.length === 0
    ? ''
    : `<ul class="warn">${found.map((text) => `<li>${escapeHtml(text)}</li>`).join('')}</ul>`;
}

function tile(name: string, value: string, unit: string, note: string): string {
  return `<div class="tile"><h3>${escapeHtml(name)}</h3><b${value.length > 7 ? ' class="long"' : ''}>${escapeHtml(value)}</b> <i>${escapeHtml(unit)}</i><p>${escapeHtml(note)}</p></div>`;
}

function latency({ models, daemon }: Benchmark): string {
  const marks = ({ p50, p90, p99 }: Distribution) => [
    { name: 'p50', at: p50 },
    { name: 'p90', at: p90 },
    { name: 'p99', at: p99 },
  ];
  const charts = models.map(
    ({ name, inferenceMs, histogram }, i) =>
      `<h3>${escapeHtml(name)}: inference</h3>${histogramChart(histogram, marks(inferenceMs), colours[i % colours.length] ?? 'c0')}<p class="note">${tail(inferenceMs)}</p>`,
  );
  charts.push(
    `<h3>whole daemon: from capture to a subscriber</h3>${histogramChart(daemon.histogram, marks(daemon.captureToPublishMs), 'c4')}<p class="note">${tail(daemon.captureToPublishMs)}</p>`,
  );
  return `<section><h2>Latency distribution</h2>${charts.join('')}<p class="note">The rightmost bar also holds everything above it; nothing is clipped. A percentile is named from 64 (p90) and 662 (p99) samples on.</p></section>`;
}

function tail({ samples, min, mean, max, p50, p99 }: Distribution): string {
  const ratio = p99 !== null && p50 ? ` · p99 is ${(p99 / p50).toFixed(2)} times the median` : '';
  return `${samples} samples · least ${figure(min)} · mean ${figure(mean)} · worst ${figure(max)} ms${ratio}`;
}

function course({ series, models }: Benchmark): string {
  const to = Math.max(1, ...series.parts.map((part) => part.to));
  const { parts } = series;
  const line = {
    name: `${models[0]?.name}: median`,
    colour: 'c0',
    points: series.latencyMs.map(([at, , median]) => [at, median] as const),
  };
  const band = series.latencyMs.map(([at, least, , most]) => [at, least, most] as const);
  const temperature = lineChart([{ name: 'temperature', colour: 'c3', points: series.temperature }], {
    unit: '°C',
    to,
    parts,
    height: 150,
  });
  const clock = lineChart([{ name: 'clock', colour: 'c2', points: series.megahertz }], {
    unit: 'MHz',
    to,
    parts,
    height: 150,
  });
  return `<section><h2>Over time</h2>
<h3>${escapeHtml(models[0]?.name ?? '')}: inference, median of each moment, shaded from least to most</h3>${lineChart([{ ...line, band }], { unit: 'ms', to, parts, fromZero: true })}
<h3>Temperature</h3>${temperature || '<p class="none">no temperature sensor on this board</p>'}
<h3>Clock of the fastest core</h3>${clock || '<p class="none">the kernel does not tell the clock on this board</p>'}</section>`;
}

function power({ series, daemon }: Benchmark): string {
  const to = Math.max(1, ...series.parts.map((part) => part.to));
  const chart = lineChart([{ name: 'power', colour: 'c1', points: series.watts }], {
    unit: 'W',
    to,
    parts: series.parts,
    fromZero: true,
  });
  const sensor = daemon.energy.measured ? `${daemon.energy.source}: ${daemon.energy.scope}` : '';
  return `<section><h2>Power over time</h2>${chart || `<p class="none">${escapeHtml(energyText(daemon.energy))}</p>`}<p class="note">${escapeHtml(sensor)}</p></section>`;
}

function stageShares({ stages }: Benchmark): string {
  const shares = stages.map(({ name, cpuShare }, i) => ({
    name,
    share: cpuShare ?? 0,
    colour: colours[i % colours.length] ?? 'c0',
  }));
  const rows = stages.map(({ name, wallMs, cpuShare }, i) => [
    `<span class="dot ${colours[i % colours.length]}"></span>${escapeHtml(name)}`,
    cpuShare === null ? '–' : `${(100 * cpuShare).toFixed(1)} %`,
    figure(wallMs.p50),
    percentileText(wallMs.p90),
    percentileText(wallMs.p99),
    String(wallMs.samples),
  ]);
  return `<section><h2>Where a picture’s CPU time goes</h2>${shareChart(shares)}${htmlTable(['stage', 'CPU', 'p50 ms', 'p90 ms', 'p99 ms', 'n'], rows)}</section>`;
}

function models({ models }: Benchmark): string {
  const slowest = Math.max(...models.map(({ inferenceMs }) => inferenceMs.p50 ?? 0), 1e-9);
  const rows = models.map(({ name, version, input, sha256, inferenceMs, cpuMs, ratio, energy, provider }, i) => [
    `${escapeHtml(name)} <small>${escapeHtml(version)} · ${sha256.slice(0, 12)}</small>`,
    input.join('x'),
    escapeHtml(provider.active),
    `<span class="meter"><span class="${colours[i % colours.length]}" style="width:${((100 * (inferenceMs.p50 ?? 0)) / slowest).toFixed(1)}%"></span></span>${figure(inferenceMs.p50)}`,
    percentileText(inferenceMs.p90),
    percentileText(inferenceMs.p99),
    figure(cpuMs),
    ratio === null
      ? '1'
      : `${ratio.median.toFixed(2)} <small>${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)}, ${ratio.rounds} rounds</small>`,
    energy.measured ? `${figure(energy.joules * 1000)} mJ` : 'not measured',
  ]);
  const head = ['model', 'input', 'provider', 'p50 ms', 'p90', 'p99', 'CPU ms', 'time to first', 'energy'];
  return `<section><h2>Networks, in turns</h2>${htmlTable(head, rows)}<p class="note">Ratios come from interleaved turns of the same run (median and quartiles of the rounds), not from separate runs.</p></section>`;
}

function whatRan(result: Benchmark): string {
  const { board, runtime, source, before, after, daemon, models } = result;
  const facts: [string, string][] = [
    [
      'board',
      `${board.model}${board.soc === undefined ? '' : ` (${board.soc})`}, ${mebibytes(board.memoryBytes)}, ${osText(board)}`,
    ],
    ['CPU', `${board.cpu}, ${board.cores} cores`],
    ['versions', `minspnet ${result.version}, ONNX Runtime ${runtime.onnxruntime}, Node ${runtime.node}`],
    ['threads', `${runtime.threads}, spinning ${runtime.spinning ? 'on' : 'off'}`],
    ['source', `${source.name}, ${source.width}x${source.height}, ${figure(source.fps)} fps; rate ${result.rate}`],
    [
      'duration',
      `${result.durationSeconds} s each for networks, stages and daemon; warm-up ${models.map(({ warmUp }) => `${warmUp.runs} runs, ${figure(warmUp.ms / 1000)} s`).join('; ')}`,
    ],
    [
      'cold start',
      `${figure(daemon.coldStartMs.ready)} ms until ready, ${figure(daemon.coldStartMs.firstResult)} ms to the first result`,
    ],
    ['broker', daemon.broker],
    ['dropped', `${daemon.skipped} skipped, ${daemon.decodeErrors} not decoded, of ${daemon.pictures}`],
    ['clocks', `${clocksText(before)} → ${clocksText(after)}`],
    ['temperature', `${readingText(before.temperature)} → ${readingText(after.temperature)}`],
    ['throttled', `${throttlingText(before.throttling)} → ${throttlingText(after.throttling)}`],
    ...jetsonFacts(result),
    ['load', `${figure(before.load)} → ${figure(after.load)}`],
    ['energy, daemon', energyText(daemon.energy)],
  ];
  return `<section><h2>What ran</h2>${factList(facts)}</section>`;
}

/** Names with texts beside them. */
export function factList(facts: readonly (readonly [name: string, text: string])[]): string {
  const rows = facts.map(([name, text]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(text)}</dd>`);
  return `<dl>${rows.join('')}</dl>`;
}

/** Cells are HTML. */
export function htmlTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: string, row: readonly string[]) => row.map((cell) => `<${tag}>${cell}</${tag}>`).join('');
  return `<div class="wide"><table><tr>${cells('th', head)}</tr>${rows.map((row) => `<tr>${cells('td', row)}</tr>`).join('')}</table></div>`;
}

const style = `
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#16202c;--dim:#667384;--grid:#e3e7ec;--part:#8091a51a}
@media(prefers-color-scheme:dark){:root{--bg:#11161d;--card:#1a212b;--ink:#e8edf3;--dim:#93a1b3;--grid:#2b3542;--part:#8091a51f}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1000px;margin:auto;padding:28px 20px}h1{font-size:26px;margin:0}h2{font-size:18px;margin:0 0 10px}h3{font-size:13px;font-weight:600;color:var(--dim);margin:14px 0 2px}
header p,.note,.tile p{color:var(--dim);margin:4px 0;font-size:13px}section{background:var(--card);border:1px solid var(--grid);border-radius:10px;padding:18px 20px;margin:16px 0}
.tiles{display:grid;grid-template-columns:repeat(3,1fr);gap:0;padding:0;overflow:hidden}.tile{padding:14px 20px;border:solid var(--grid);border-width:0 1px 1px 0;margin:0 -1px -1px 0}.tile h3{margin:0}.tile b{font-size:32px;letter-spacing:-.02em}.tile b.long{font-size:20px}.tile i{font-style:normal;color:var(--dim)}
@media(max-width:700px){.tiles{grid-template-columns:1fr 1fr}}
.warn{background:#e8a33d22;border:1px solid #e8a33d;border-radius:10px;padding:12px 20px 12px 36px}.none{color:var(--dim);font-style:italic}
svg{width:100%;height:auto;display:block}svg text{font-size:12px;fill:var(--dim)}svg .strong{fill:var(--ink);font-weight:600}svg .on{fill:#fff;font-weight:600}.grid{stroke:var(--grid)}.mark{stroke:var(--ink);stroke-dasharray:3 3}
.part0{fill:var(--part)}.part1{fill:none}.line{fill:none;stroke-width:1.8}.band{opacity:.22;stroke:none}
.c0{--c:#2f6fde}.c1{--c:#d9622b}.c2{--c:#2a9d6f}.c3{--c:#c23b52}.c4{--c:#7a55c7}.c5{--c:#8a6d1f}.line{stroke:var(--c)}.bar,.band{fill:var(--c)}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:13px;margin-top:10px}th,td{text-align:right;padding:6px 8px;border-bottom:1px solid var(--grid);white-space:nowrap}th:first-child,td:first-child{text-align:left}th{color:var(--dim);font-weight:600;font-size:12px}small{color:var(--dim)}
.dot{display:inline-block;width:10px;height:10px;border-radius:3px;background:var(--c);margin-right:8px}.meter{display:inline-block;width:56px;height:8px;margin-right:8px;background:var(--grid);border-radius:4px;vertical-align:middle;overflow:hidden}.meter span{display:block;height:100%;background:var(--c)}
dl{display:grid;grid-template-columns:minmax(130px,max-content) 1fr;gap:4px 12px;margin:0;font-size:14px}dt{color:var(--dim)}dd{margin:0}
`;

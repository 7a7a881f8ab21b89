import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { defaultSettings } from '../../src/config/load.js';
import { Redactor } from '../../src/config/mask.js';
import type { Health } from '../../src/contract/health.js';
import { pictureStages } from '../../src/contract/stages.js';
import type { Backend } from '../../src/http/backend.js';
import type { Measures } from '../../src/http/metrics/measures.js';
import { HttpServer } from '../../src/http/server.js';
import { addDuration, noDurations } from '../../src/timing/histogram.js';
import { noPrometheus, Prometheus } from '../support/prometheus.js';

/** A board on which everything is known, with a name that wants escaping. */
function measures(): Measures {
  const reading = (value: number | boolean) => ({ value, unit: '', source: 'a sensor', scope: '' });
  const sensors = {
    temperature: reading(61.5),
    power: reading(4.2),
    throttled: reading(false),
    underVoltage: reading(true),
  };
  const outbox = { waiting: 3, dropped: 1, delivered: 20 };
  const requests = { done: 2, failed: 1, refused: 0 };
  const governor = { rate: 0.5, pixels: 1 };
  const durations = noDurations();
  for (const ms of [0.2, 12, 13, 9000]) addDuration(durations, ms);
  const camera = {
    ...{ fps: 9.8, frames: 100, still: 40, skipped: 2, decodeErrors: 0, snapshotErrors: 0, stalls: 1, reconnects: 1 },
    ...{ clockJumps: 0, losses: { ERR_SOURCE_OPEN: 2 } },
  };
  return {
    version: '1.2.3',
    node: 'porch',
    board: 'a "board"\\',
    startedAt: 1_700_000_000,
    info: undefined,
    health: { sensors, outbox, requests, governor, broker: { medianMs: 3, worstMs: 9 } } as unknown as Health,
    engine: { up: true, restarts: 1, rssBytes: 2e8, cpuSeconds: 12.5 },
    brokerConnected: true,
    joules: 120.5,
    cameras: {
      door: {
        live: true,
        health: camera as never,
        state: { counts: { person: 2 } } as never,
        stages: Object.fromEntries(pictureStages.map((stage) => [stage, durations])) as never,
        events: [{ class: 'person', type: 'new', count: 7 }],
      },
    },
  };
}

t.test(
  'the metrics are as Prometheus wants them, and it takes them',
  { skip: noPrometheus, timeout: 60_000 },
  async (t) => {
    const backend = { measures, cameras: () => [] } as unknown as Backend;
    const settings = { ...defaultSettings().http, port: 0, token: 'correct-horse-battery' };
    const redactor = new Redactor();
    const failed = (error: Error) => t.fail(error.message);
    const server = new HttpServer({ settings, strictPort: true, page: '/nowhere', backend, redactor, failed });
    await server.start();
    t.teardown(() => server.stop());
    const headers = { authorization: `Bearer ${settings.token}` };
    const text = await (await fetch(`http://127.0.0.1:${server.port}/metrics`, { headers })).text();

    const check = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    t.equal(check.status, 0, check.stdout + check.stderr);
    t.match(text, 'minspnet_stage_duration_seconds_bucket{camera="door",stage="total",le="0.016"} 3');
    t.match(text, 'minspnet_stage_duration_seconds_count{camera="door",stage="total"} 4');

    await t.test('dashboard and alerts name only metrics that are there', async (t) => {
      const there = new Set(text.match(/^minspnet_\w+/gm));
      t.ok(there.size >= 35, `${there.size} names`);
      const dashboard = readFileSync('docs/prometheus/grafana.json', 'utf8');
      const alerts = readFileSync('docs/prometheus/alerts.yaml', 'utf8');
      for (const [name] of (dashboard + alerts).matchAll(/minspnet_\w+/g)) t.ok(there.has(name), name);
      t.ok(JSON.parse(dashboard).panels.length >= 10 && parse(alerts).groups[0].rules.length >= 8);
      const rules = spawnSync('promtool', ['check', 'rules', 'docs/prometheus/alerts.yaml'], { encoding: 'utf8' });
      t.equal(rules.status, 0, rules.stdout + rules.stderr);
    });

    await t.test('Prometheus scrapes them', async (t) => {
      const target = { targets: [`127.0.0.1:${server.port}`] };
      const job = { static_configs: [target], authorization: { credentials: settings.token } };
      const rules = [join(process.cwd(), 'docs/prometheus/alerts.yaml')];
      const prometheus = new Prometheus(t.testdir(), job, rules);
      t.teardown(() => prometheus.stop());
      await prometheus.start();
      let values: string[] = [];
      for (const end = performance.now() + 30_000; values.length === 0 && performance.now() < end; ) {
        values = await prometheus.query('minspnet_events_total{camera="door",class="person",type="new"}');
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      t.strictSame(values, ['7']);
    });
  },
);

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './until.js';

/** For `t.test(name, { skip })`: why a test that needs Prometheus can't run, or false. */
export const noPrometheus: string | false = spawnSync('promtool', ['--version']).error
  ? 'promtool and prometheus are not installed'
  : false;

/** A real Prometheus on a free port of this machine. */
export class Prometheus {
  #process: ChildProcess | undefined;
  #log = '';

  /** @param folder for its settings and data; @param job as in `scrape_configs`; @param rules paths of rule files */
  constructor(
    private readonly folder: string,
    private readonly job: object,
    private readonly rules: readonly string[] = [],
  ) {}

  async start(): Promise<this> {
    const config = join(this.folder, 'prometheus.yml');
    const job = { job_name: 'minspnet', ...this.job };
    const settings = { global: { scrape_interval: '1s' }, rule_files: this.rules, scrape_configs: [job] };
    writeFileSync(config, JSON.stringify(settings)); // JSON is YAML
    const listen = '--web.listen-address=127.0.0.1:0';
    const args = [`--config.file=${config}`, `--storage.tsdb.path=${this.folder}/data`, listen, '--log.level=info'];
    this.#process = spawn('prometheus', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process.stderr?.setEncoding('utf8').on('data', (chunk) => {
      this.#log += chunk;
    });
    await until(() => this.#port !== undefined, 30_000).catch((cause) => {
      throw new Error(`Prometheus does not listen: ${this.#log}`, { cause });
    });
    return this;
  }

  /** The values that an expression has now; none while it has none. */
  async query(expression: string): Promise<string[]> {
    const url = `http://127.0.0.1:${this.#port}/api/v1/query?query=${encodeURIComponent(expression)}`;
    const answer = await fetch(url).catch(() => undefined);
    const { data } = ((await answer?.json().catch(() => undefined)) ?? {}) as {
      data?: { result: { value: string[] }[] };
    };
    return (data?.result ?? []).map(({ value }) => String(value[1]));
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  get #port(): string | undefined {
    return /"Listening on" address=127\.0\.0\.1:(\d+)/.exec(this.#log)?.[1];
  }
}

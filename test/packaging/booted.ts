import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { findProgram } from '../support/broker.js';
import { type Debian, whyNoDebian } from './chroot.js';

const execute = promisify(execFile);

/** SIGRTMIN+4, which Node has no name for: systemd(1) powers off on it. */
const powerOff = 38;

/** Why no systemd can be booted here, or undefined. */
export function whyNoBoot(): string | undefined {
  if (findProgram('systemd-nspawn') === undefined) return 'there is no systemd-nspawn (Debian: systemd-container)';
  return whyNoDebian();
}

/** A Debian whose systemd was started as process 1 of namespaces of its own (systemd-nspawn), without a network. */
export class BootedDebian implements AsyncDisposable {
  private constructor(
    private readonly nspawn: ChildProcess,
    private readonly init: string,
  ) {}

  static async boot({ root }: Debian): Promise<BootedDebian> {
    await mkdir('/run/systemd/nspawn', { recursive: true });
    const args = ['--boot', `--directory=${root}`, `--machine=minspnet-${process.pid}`, '--private-network'];
    // No machined, and no systemd outside, has to know of it.
    const alone = ['--register=no', '--keep-unit', '--console=pipe'];
    const nspawn = spawn('systemd-nspawn', [...args, ...alone], { stdio: ['ignore', 'ignore', 'inherit'] });
    const init = await firstChildOf(nspawn.pid as number);
    const booted = new BootedDebian(nspawn, init);
    const isUp = async () => /running|degraded/.test(await booted.output('systemctl', 'is-system-running'));
    await booted.until('systemd is up', isUp, 120_000);
    return booted;
  }

  /** Runs a command in it to its end; what it printed. Rejects where it fails. */
  async run(command: string, ...args: string[]): Promise<string> {
    const inside = ['--target', this.init, '--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup', '--root', '--wd'];
    const env = {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: '/root',
      LANG: 'C.UTF-8',
      DEBIAN_FRONTEND: 'noninteractive',
    };
    const { stdout } = await execute('nsenter', [...inside, command, ...args], {
      env,
      timeout: 300_000,
      maxBuffer: 64 << 20,
    });
    return stdout.trim();
  }

  /** What a command printed, however it ended. */
  output(command: string, ...args: string[]): Promise<string> {
    return this.run(command, ...args).catch((error) => `${error.stdout}${error.stderr}`.trim());
  }

  /** One property of a unit. */
  show(unit: string, property: string): Promise<string> {
    return this.output('systemctl', 'show', '--value', '--property', property, unit);
  }

  async until(what: string, holds: () => Promise<boolean>, timeoutMs: number): Promise<number> {
    const start = performance.now();
    while (!(await holds())) {
      if (performance.now() - start > timeoutMs) throw new Error(`not within ${timeoutMs} ms: ${what}`);
      await sleep(250);
    }
    return (performance.now() - start) / 1000;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.nspawn, 'exit');
    process.kill(Number(this.init), powerOff);
    const timer = setTimeout(() => this.nspawn.kill('SIGKILL'), 30_000);
    await ended;
    clearTimeout(timer);
  }
}

async function firstChildOf(pid: number): Promise<string> {
  for (let waited = 0; waited < 30_000; waited += 100) {
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
    const [child] = children.trim().split(' ');
    const started = child ? await readFile(`/proc/${child}/comm`, 'utf8').catch(() => '') : '';
    if (child && started.trim() === 'systemd') return child;
    await sleep(100);
  }
  throw new Error('systemd-nspawn started no systemd');
}

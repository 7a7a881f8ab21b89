import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { Health } from '../../../src/contract/health.js';
import { SystemdNotifier, statusOf } from '../../../src/daemon/integrations/systemd.js';

/** What a machine without systemd or Python lacks for these tests. */
function missingCommand(): string | false {
  for (const command of ['systemd-notify', 'python3']) {
    try {
      execFileSync(command, ['--version'], { stdio: 'ignore' });
    } catch {
      return `there is no ${command} here`;
    }
  }
  return false;
}
const skip = missingCommand();

/** Plays systemd: a datagram socket that prints every message as a line. */
const receiver = `
import json, socket, sys
name = sys.argv[1]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind('\\0' + name[1:] if name.startswith('@') else name)
print('"listening"', flush=True)
while True:
    print(json.dumps(s.recv(4096).decode()), flush=True)
`;

/** A name for a socket; the test's own folder may have a longer path than a socket can. */
function socketName(t: Test): string {
  const directory = mkdtempSync(join(tmpdir(), 'notify-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  return join(directory, 'socket');
}

class Systemd {
  readonly messages: string[] = [];
  private constructor(
    private readonly process: ChildProcess,
    readonly environment: NodeJS.ProcessEnv,
  ) {}

  static async listen(t: Test, name: string, watchdogMs?: number): Promise<Systemd> {
    const child = spawn('python3', ['-c', receiver, name], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.teardown(() => child.kill());
    const environment = { PATH: process.env.PATH, NOTIFY_SOCKET: name, WATCHDOG_USEC: `${(watchdogMs ?? 0) * 1000}` };
    const systemd = new Systemd(child, environment);
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => {
      const message = String(JSON.parse(line)).trim();
      // systemd-notify asks with BARRIER=1 to be told when its message has been read.
      if (message !== 'BARRIER=1' && message !== 'listening') systemd.messages.push(...message.split('\n'));
    });
    const died = once(child, 'exit').then(() => Promise.reject(new Error('the receiver died')));
    died.catch(() => {});
    await Promise.race([once(lines, 'line'), died]);
    return systemd;
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition() && this.process.exitCode === null) await delay(10);
  }

  count(message: string): number {
    return this.messages.filter((one) => one === message).length;
  }
}

t.test('ready, a watchdog only while healthy, stopping', { skip }, async (t) => {
  const systemd = await Systemd.listen(t, socketName(t), 200);
  let healthy = true;
  const notifier = new SystemdNotifier(systemd.environment);
  await notifier.ready(() => healthy);
  await systemd.until(() => systemd.count('WATCHDOG=1') >= 2);
  t.equal(systemd.messages[0], 'READY=1');

  healthy = false;
  await delay(150); // what is under way arrives
  const fed = systemd.count('WATCHDOG=1');
  await delay(400);
  t.equal(systemd.count('WATCHDOG=1'), fed, 'not fed while unhealthy');

  healthy = true;
  notifier.status('2 cameras,\n12 fps');
  await notifier.stopping();
  await systemd.until(() => systemd.count('STOPPING=1') > 0);
  t.equal(systemd.count('STATUS=2 cameras, 12 fps'), 1);
  await delay(150);
  const atStop = systemd.count('WATCHDOG=1');
  await delay(400);
  t.equal(systemd.count('WATCHDOG=1'), atStop, 'not fed while stopping');
});

t.test('an event loop that never comes to rest does not feed the watchdog', { skip }, async (t) => {
  const systemd = await Systemd.listen(t, socketName(t), 400);
  const notifier = new SystemdNotifier(systemd.environment);
  await notifier.ready(() => true);
  await systemd.until(() => systemd.count('WATCHDOG=1') >= 1);
  let busy = true;
  // Timers go off all the time; only rest there is none.
  const burn = () => {
    for (const end = performance.now() + 2; performance.now() < end; );
    if (busy) setImmediate(burn);
  };
  burn();
  await delay(600); // what is under way arrives, and the first period that was partly at rest is over
  const fed = systemd.count('WATCHDOG=1');
  await delay(900);
  t.equal(systemd.count('WATCHDOG=1'), fed, 'not fed meanwhile');
  busy = false;
  await systemd.until(() => systemd.count('WATCHDOG=1') > fed);
  await notifier.stopping();
});

t.test('a long start asks for more time until it is ready', { skip }, async (t) => {
  const systemd = await Systemd.listen(t, socketName(t));
  const notifier = new SystemdNotifier(systemd.environment, 50);
  const more = 'EXTEND_TIMEOUT_USEC=100000';
  notifier.starting();
  await systemd.until(() => systemd.count(more) >= 2);
  await notifier.ready(() => true);
  await delay(150); // what is under way arrives
  const asked = systemd.count(more);
  await delay(200);
  t.equal(systemd.count(more), asked);
  t.equal(systemd.count('READY=1'), 1);
});

t.test('a reload is told with its time, and its end after it', { skip }, async (t) => {
  const systemd = await Systemd.listen(t, socketName(t));
  const notifier = new SystemdNotifier(systemd.environment);
  const before = Number(process.hrtime.bigint() / 1000n);
  notifier.reloading();
  notifier.reloaded(); // at once: systemd must not hear of the end first
  await systemd.until(() => systemd.messages.length >= 3);
  const [reloading, usec = '', ready] = systemd.messages;
  t.strictSame([reloading, ready], ['RELOADING=1', 'READY=1']);
  t.ok(usec.startsWith('MONOTONIC_USEC='), usec);
  const uptimeUs = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1e6;
  const at = Number(usec.split('=')[1]);
  t.ok(at >= before && at < uptimeUs + 1e6, 'on the clock that systemd compares it with');
});

t.test('a socket with an abstract name', { skip }, async (t) => {
  const systemd = await Systemd.listen(t, `@minspnet-test-${process.pid}`);
  const notifier = new SystemdNotifier(systemd.environment);
  await notifier.ready(() => true);
  await systemd.until(() => systemd.messages.length > 0);
  t.strictSame(systemd.messages, ['READY=1']);
});

t.test('another process’s watchdog is not ours to feed', { skip }, async (t) => {
  const systemd = await Systemd.listen(t, socketName(t), 100);
  const notifier = new SystemdNotifier({ ...systemd.environment, WATCHDOG_PID: '1' });
  await notifier.ready(() => true);
  await delay(300);
  t.equal(systemd.count('WATCHDOG=1'), 0);
});

t.test('without systemd nothing is started', async (t) => {
  // With an empty PATH, starting systemd-notify would warn.
  const warnings: Error[] = [];
  const listen = (warning: Error) => warnings.push(warning);
  process.on('warning', listen);
  t.teardown(() => process.off('warning', listen));
  const notifier = new SystemdNotifier({ PATH: '', WATCHDOG_USEC: '1000' });
  await notifier.ready(() => true);
  await notifier.stopping();
  await delay(20);
  t.strictSame(warnings, []);
});

t.test('a systemd that can’t be told is no error, and one warning', async (t) => {
  const warned = once(process, 'warning');
  const notifier = new SystemdNotifier({ PATH: t.testdir({}), NOTIFY_SOCKET: '/nowhere' });
  await notifier.ready(() => true);
  await notifier.stopping();
  t.match(await warned, [{ message: /systemd could not be told READY=1/ }]);
});

t.test('systemctl status says rate, temperature and whether there is a broker', async (t) => {
  const health = (waiting: number) =>
    ({
      engine: { state: 'ready' },
      cameras: { door: { state: 'live', fps: 4.96 }, yard: { state: 'stalled', fps: 0 } },
      sensors: { temperature: { value: 61.2, unit: '°C' } },
      outbox: { waiting },
    }) as unknown as Health;
  t.equal(
    statusOf(health(0), true),
    'engine ready; 1 of 2 cameras live, 5.0 fps; 61 °C; broker connected, 0 events wait for it',
  );
  t.match(statusOf(health(7), false), /; broker away, 7 events wait for it$/);
});

import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { exitCodes } from '../../src/contract/errors.js';
import type { EventMessage } from '../../src/contract/event.js';
import { Listener, Mosquitto, mosquittoPassword, noMosquitto } from '../support/broker.js';
import { TestDaemon } from '../support/daemon.js';
import { silentServer } from '../support/silent-server.js';

/** SIGTERM to exit. */
const stopMs = 2000;

function start(t: Test, directory: string, environment: NodeJS.ProcessEnv): TestDaemon {
  const daemon = new TestDaemon(['run', '--source', 'demo', '--loop', '--pace', 'max'], directory, environment);
  t.teardown(() => daemon.dispose());
  return daemon;
}

/** The settings of brokers that take connections and never answer, with all the patience that there is. */
async function silentBrokers(t: Test): Promise<NodeJS.ProcessEnv> {
  const brokers = await Promise.all([silentServer(), silentServer(), silentServer()]);
  t.teardown(() => Promise.all(brokers.map((broker) => broker.stop())));
  const [first, ...others] = brokers.map(({ url }) => url);
  return {
    MINSPNET_MQTT__URL: first,
    MINSPNET_MQTT__FALLBACK_URLS: JSON.stringify(others),
    MINSPNET_MQTT__CONNECT_SECONDS: '60',
  };
}

t.test('silent brokers delay nothing: what is seen meanwhile is stored, and told later', async (t) => {
  const directory = t.testdir();
  const daemon = start(t, directory, await silentBrokers(t));
  await daemon.line(/event {5}camera: .* appeared/); // within half a minute, or it would throw
  const stoppedAt = performance.now();
  daemon.kill('SIGTERM');
  t.equal(await daemon.exited, exitCodes.ok);
  t.ok(performance.now() - stoppedAt < stopMs, `ended after ${Math.round(performance.now() - stoppedAt)} ms`);
  const seen = daemon.lines.filter((line) => /event {5}/.test(line)).length;

  if (noMosquitto) return;
  const broker = await new Mosquitto().start();
  t.teardown(() => broker.stop());
  const listener = await Listener.on(broker.url, 'minspnet/minspnet/camera/events');
  t.teardown(() => listener.stop());
  const next = start(t, directory, { MINSPNET_MQTT__URL: broker.url });
  await listener.until(() => listener.heard.length >= seen, 20_000);
  const events = listener.json<EventMessage>('/events').slice(0, seen);
  t.strictSame(
    events.map((event) => (event.type === 'gap' ? 'a gap' : event.seq)),
    events.map((_, index) => index + 1),
  );
  t.ok(events.every((event) => event.type === 'gap' || event.replayed));
  await next.line(/events that waited have been delivered/);
});

t.test('a stop is heard at every moment of the start', { timeout: 110_000 }, async (t) => {
  const brokers = await silentBrokers(t);
  const moments: [what: string, line: RegExp, delayMs: number][] = [
    ['the settings are read', /settings/, 0],
    ['the daemon is put together', /minspnet \d/, 0],
    ['its network is being loaded', /minspnet \d/, 300],
    ['it is ready', /ready/, 0],
    ['the first event is there', /event/, 0],
  ];
  for (const [what, line, delayMs] of moments) {
    const daemon = start(t, t.testdir(), brokers);
    await daemon.line(line);
    await sleep(delayMs);
    const stoppedAt = performance.now();
    daemon.kill('SIGTERM');
    t.equal(await daemon.exited, exitCodes.ok, what);
    const ms = performance.now() - stoppedAt;
    t.ok(ms < stopMs, `${what}: ended after ${Math.round(ms)} ms`);
    t.equal(daemon.stderr, '', what);
  }
});

t.test('a broker that refuses us is asked again until it does not', { skip: noMosquitto }, async (t) => {
  const settings = ['allow_anonymous false', 'password_file %d/passwords'];
  const broker = await new Mosquitto(settings).start({ passwords: mosquittoPassword('camera', 'right') });
  t.teardown(() => broker.stop());
  const open = await new Mosquitto().start();
  t.teardown(() => open.stop());
  const login = { MINSPNET_MQTT__USERNAME: 'camera', MINSPNET_MQTT__PASSWORD: 'wr0ngSecret' };

  const daemon = start(t, t.testdir(), { ...login, MINSPNET_MQTT__URL: broker.url });
  await daemon.line(/error .*\(reason \d+\) \(next attempt/);
  await daemon.line(/event/);
  t.notMatch(daemon.stderr + daemon.lines.join(), /wr0ngSecret/);
  await broker.stop();
  await broker.start({ passwords: mosquittoPassword('camera', 'wr0ngSecret') });
  await daemon.line(/mqtt {6}mqtt:.*topics/);

  const urls = { MINSPNET_MQTT__URL: broker.url, MINSPNET_MQTT__FALLBACK_URLS: JSON.stringify([open.url]) };
  const other = start(t, t.testdir(), { ...login, MINSPNET_MQTT__PASSWORD: 'another', ...urls });
  await other.line(new RegExp(`mqtt {6}${open.url}`));
});

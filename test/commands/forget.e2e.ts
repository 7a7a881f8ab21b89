import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { brokers, Listener } from '../support/broker.js';

const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));

async function forget(...args: string[]): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, [cli, 'forget', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const [code] = await once(child, 'close');
  return { code, output };
}

for (const [name, start] of Object.entries(brokers)) {
  t.test(`with ${name}: what a node has left goes, and nothing else`, async (t) => {
    const broker = await start();
    t.teardown(() => broker.stop());
    const listener = await Listener.on(broker.url, '#');
    t.teardown(() => listener.stop());
    const device = (id: string) => `homeassistant/device/${id}/config`;
    const gone = ['minspnet/shed/info', 'minspnet/shed/door/snapshot/person'];
    const devices = [device('minspnet_shed'), device('minspnet_shed__door')];
    const stay = ['minspnet/attic/info', device('minspnet_shed2'), device('minspnet_attic'), 'zigbee2mqtt/lamp'];
    for (const topic of [...gone, ...devices, ...stay]) await listener.publish(topic, '{}', { retain: true });
    await listener.publish('minspnet/shed/status', 'online', { retain: true });
    t.match(await forget('shed', '--url', broker.url), { code: 64, output: /shed is online/ });
    await listener.publish('minspnet/shed/status', 'offline', { retain: true });
    const before = listener.heard.length;
    t.match(await forget('shed', '--url', broker.url), { code: 0, output: /5 retained topics/ });
    const cleared = () => listener.heard.slice(before).filter(({ payload }) => payload.length === 0);
    await listener.until(() => cleared().length === 5);
    t.same(
      cleared()
        .slice(0, 2)
        .map(({ topic }) => topic)
        .sort(),
      devices.sort(),
      'Home Assistant’s first',
    );
    const late = await Listener.on(broker.url, '#');
    t.teardown(() => late.stop());
    await late.until(() => late.heard.length >= stay.length);
    t.same(late.heard.map(({ topic }) => topic).sort(), stay.sort());
  });
}

t.test('a broker that is away ends it with its own exit code', async (t) => {
  t.match(await forget('shed', '--url', 'mqtt://127.0.0.1:1'), { code: 69, output: /is away/ });
});

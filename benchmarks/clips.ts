/**
 * `npm run bench:clips -- FILE…`: what the daemon tells of each clip, played whole and as fast as possible: tracks by
 * class, and whether every one has one `new` and one `end` and `seq` has no hole.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EventMessage } from '../src/contract/event.js';
import { EmbeddedBroker } from '../src/mqtt/embedded-broker.js';
import { Listener } from '../test/support/broker.js';

const cli = fileURLToPath(new URL('../src/cli.js', import.meta.url));

const broker = new EmbeddedBroker({ host: '127.0.0.1', port: 0, strict: true });
await broker.start();
for (const clip of process.argv.slice(2)) console.log(`${basename(clip)}: ${summarise(await play(clip))}`);
await broker.stop();

/** All events of a clip, in the order heard. */
async function play(clip: string): Promise<EventMessage[]> {
  const state = await mkdtemp(join(tmpdir(), 'minspnet-clips-'));
  const listener = await Listener.on(broker.url, '+/+/+/events');
  const args = [cli, 'run', '--source', clip, '--pace', 'max', '--mqtt', broker.url];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, MINSPNET_STATEDIRECTORY: state },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`minspnet run ended with ${code} at ${clip}`);
  await listener.stop();
  await rm(state, { recursive: true });
  return listener.json<EventMessage>('/events');
}

function summarise(messages: readonly EventMessage[]): string {
  const events = messages.filter((message) => message.type !== 'gap');
  const of = (type: string) => events.filter((event) => event.type === type);
  const classes: Record<string, number> = {};
  for (const { class: name } of of('end')) classes[name] = (classes[name] ?? 0) + 1;
  const tracks = Object.entries(classes).map(([name, count]) => `${count} ${name}`);
  const [news, ends] = [of('new'), of('end')].map((list) => new Set(list.map(({ id }) => id)));
  const once = news?.size === of('new').length && ends?.size === of('end').length && news.size === ends.size;
  const whole = events.every(({ seq }, i) => seq === (events[0]?.seq ?? 0) + i);
  return `${tracks.join(', ') || 'nothing'}; ${of('update').length} updates; one new and one end a track: ${once ? 'yes' : 'NO'}; seq without a hole: ${whole ? 'yes' : 'NO'}`;
}

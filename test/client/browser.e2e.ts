import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
// esbuild: makes of the client what a page loads, as those who use it in a browser do.
import { build } from 'esbuild';
import t, { type Test } from 'tap';
import { makeClient } from '../../packaging/client/make.js';
import { startBoard } from '../support/board.js';
import { findProgram, startAedes } from '../support/broker.js';
import { observation } from '../support/events.js';
import { until } from '../support/until.js';

const chromium = ['chromium', 'chromium-browser', 'google-chrome'].map(findProgram).find((path) => path !== undefined);
/** A loaded machine takes long to start a browser, ms. */
const patienceMs = 90_000;

/** What the page does; it says each step to the server that it came from. */
function page(brokerUrl: string): string {
  return `<!doctype html><title>client</title><script type="module">
    const say = (step) => fetch('/said', { method: 'POST', body: JSON.stringify(step) });
    try {
      const { connect } = await import('/client.js');
      const client = await connect('${brokerUrl}', { connectMs: 30000, keepAliveSeconds: 1 });
      let away = 0;
      client.on('away', () => away++);
      await new Promise((resolve) => setTimeout(resolve, 4000)); // a broker waits for one and a half
      const events = client.events();
      await say({ connected: client.connected, away });
      await say({ event: (await events.next()).value });
      await say({ answer: await client.request('node', 'rate', { camera: 'door', fps: 3 }, { timeoutMs: 30000 }) });
      await client.close();
      await say({ closed: !client.connected });
    } catch (error) {
      await say({ failed: String(error) });
    }
  </script>`;
}

/** The package's own file for browsers, with what it leaves to be found. */
async function bundle(folder: string): Promise<string> {
  await makeClient(folder);
  const { outputFiles } = await build({
    entryPoints: [join(folder, 'browser.js')],
    nodePaths: ['node_modules'],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}

interface Page {
  url: string;
  /** What the page has said. */
  said: Record<string, unknown>[];
}

async function serve(t: Test, brokerUrl: string): Promise<Page> {
  const script = await bundle(join(t.testdir(), 'package'));
  const said: Record<string, unknown>[] = [];
  const server = createServer(async (request, response) => {
    if (request.url === '/said') {
      said.push(JSON.parse(await text(request)));
      response.end();
    } else if (request.url === '/client.js') response.setHeader('content-type', 'text/javascript').end(script);
    else response.setHeader('content-type', 'text/html').end(page(brokerUrl));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as { port: number };
  return { url: `http://127.0.0.1:${port}/`, said };
}

async function browse(t: Test, program: string, url: string): Promise<void> {
  const profile = await mkdtemp(join(tmpdir(), 'minspnet-browser-'));
  // No sandbox: the page is our own, and root and many containers can't make one.
  const flags = ['--headless', '--no-sandbox', '--no-first-run', '--disable-gpu', '--disable-dev-shm-usage'];
  const child = spawn(program, [...flags, '--disable-background-networking', `--user-data-dir=${profile}`, url], {
    stdio: 'ignore',
    detached: true, // a group of its own, which ends as one
  });
  const exit = once(child, 'exit');
  t.teardown(async () => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      process.kill(-child.pid, 'SIGKILL');
      await exit;
    }
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  });
}

t.test('a page hears an event and is answered', { skip: chromium === undefined && 'needs chromium' }, async (t) => {
  const broker = await startAedes();
  t.teardown(() => broker.stop());
  const board = await startBoard(broker.url, join(t.testdir(), 'outbox'));
  t.teardown(() => board.publisher.stop({ timeoutMs: 100 }));
  const { url, said } = await serve(t, broker.url.replace('mqtt:', 'ws:'));
  await browse(t, chromium ?? '', url);
  await until(() => said.length > 0, patienceMs);
  t.strictSame(said, [{ connected: true, away: 0 }]);
  board.publisher.observation(observation({ camera: 'door', id: 'seen' }));
  await until(() => said.length > 3 || said.some((step) => 'failed' in step), patienceMs);
  t.match(said, [
    { connected: true, away: 0 },
    { event: { node: 'node', camera: 'door', id: 'seen', seq: 1, type: 'new' } },
    { answer: { camera: 'door', fps: 10 } },
    { closed: true },
  ]);
  t.strictSame(board.asked, [{ name: 'rate', needs: { camera: 'door', fps: 3 } }]);
});

import { once } from 'node:events';
import { createServer } from 'node:net';
import type { TestBroker } from './broker.js';

/** A server that takes connections and never says a word. */
export async function silentServer(): Promise<TestBroker> {
  const server = createServer((socket) => socket.on('error', () => {}).resume());
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    port,
    url: `mqtt://127.0.0.1:${port}`,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

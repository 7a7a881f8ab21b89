import { once } from 'node:events';
import { unlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';

/**
 * Keeps a directory for this process by a Unix socket in it. Unlike a file with a process id, it is free again when its
 * process is killed, and it is seen from a container that shares the directory. A file system that knows no sockets is
 * used without.
 *
 * @returns what gives it back; undefined if another process has it
 */
export async function lockDirectory(directory: string): Promise<(() => Promise<void>) | undefined> {
  const handle = await open(directory, 'r');
  // A socket's path holds 108 bytes; this one is short wherever the directory lies, as long as that is open.
  const path = process.platform === 'linux' ? `/proc/self/fd/${handle.fd}/lock` : join(directory, 'lock');
  for (let attempt = 0; attempt < 2; attempt++) {
    const server = createServer((socket) => socket.destroy()).unref();
    const error = await once(server.listen(path), 'listening').catch(({ code }: NodeJS.ErrnoException) => code);
    if (error !== 'EADDRINUSE') {
      return async () => {
        await new Promise((resolve) => server.close(resolve)); // deletes the socket
        await handle.close();
      };
    }
    const socket = connect(path);
    const isAnswered = await once(socket, 'connect').catch(() => false);
    socket.destroy();
    if (isAnswered) break;
    unlinkSync(path); // of a process that was killed
  }
  await handle.close();
  return undefined;
}

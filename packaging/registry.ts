import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import type { PackedPackage } from './npm-packages.js';

const execute = promisify(execFile);

/**
 * A package registry on 127.0.0.1 that has our packages as if they were published, and sends npm to the real one for
 * everything else. So `npm install minspnet` chooses the package of the processor as it will for users.
 */
export class LocalRegistry implements AsyncDisposable {
  readonly #server = createServer((request, response) => this.#answer(request, response));
  /** By path: what the registry says of a package. */
  readonly #documents = new Map<string, string>();
  readonly #tarballs = new Map<string, string>();

  /** @param upstream the address of the real registry */
  private constructor(private readonly upstream: string) {}

  static async start(packages: readonly PackedPackage[], upstream: string): Promise<LocalRegistry> {
    const registry = new LocalRegistry(upstream);
    registry.#server.listen(0, '127.0.0.1');
    await once(registry.#server, 'listening');
    for (const each of packages) await registry.#add(each);
    return registry;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #add({ name, version, file }: PackedPackage): Promise<void> {
    const { stdout } = await execute('tar', ['-xzOf', file, 'package/package.json']);
    const integrity = `sha512-${createHash('sha512')
      .update(await readFile(file))
      .digest('base64')}`;
    const path = `/-/${basename(file)}`;
    this.#tarballs.set(path, file);
    const dist = { integrity, tarball: new URL(path, this.url).href };
    const document = {
      name,
      'dist-tags': { latest: version },
      versions: { [version]: { ...JSON.parse(stdout), dist } },
    };
    this.#documents.set(`/${name}`, JSON.stringify(document));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = decodeURIComponent(request.url ?? '/');
    const document = this.#documents.get(path);
    const tarball = this.#tarballs.get(path);
    if (document !== undefined) response.writeHead(200, { 'content-type': 'application/json' }).end(document);
    else if (tarball !== undefined) createReadStream(tarball).pipe(response.writeHead(200));
    else response.writeHead(302, { location: new URL((request.url ?? '/').slice(1), this.upstream).href }).end();
  }
}

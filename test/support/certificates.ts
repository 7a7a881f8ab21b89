import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from './broker.js';

/** For `t.test(name, { skip })`: why a test that needs certificates can't run, or false. */
export const noOpenssl: string | false = findProgram('openssl') === undefined && 'needs openssl, which is not in PATH';

export interface Pair {
  /** Paths of PEM files. */
  certificate: string;
  key: string;
}

/** A certificate authority for one test, in a directory of its own; `openssl` makes it all. */
export class Authority {
  readonly #directory = mkdtempSync(join(tmpdir(), 'minspnet-ca-'));
  readonly #own = this.#request('authority', ['-x509', '-days', '2', '-subj', '/CN=authority']);

  /** Path of the PEM file to be trusted. */
  get ca(): string {
    return this.#own.certificate;
  }

  /** @param names what it is for, such as `IP:127.0.0.1` or `DNS:localhost` */
  issue(name: string, names: string): Pair {
    const extensions = join(this.#directory, `${name}.ext`);
    writeFileSync(extensions, `subjectAltName=${names}\n`);
    const { certificate: request, key } = this.#request(name, ['-subj', `/CN=${name}`], 'csr');
    const certificate = join(this.#directory, `${name}.pem`);
    const { certificate: ca, key: caKey } = this.#own;
    const signing = ['-CA', ca, '-CAkey', caKey, '-CAcreateserial', '-days', '2', '-extfile', extensions];
    openssl(['x509', '-req', '-in', request, '-out', certificate, ...signing]);
    return { certificate, key };
  }

  /** The files as mosquitto's: `ca.pem`, `server.pem`, `server.key`. */
  filesFor({ certificate, key }: Pair): Record<string, string> {
    return { 'ca.pem': text(this.ca), 'server.pem': text(certificate), 'server.key': text(key) };
  }

  async remove(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }

  #request(name: string, options: string[], extension = 'pem'): Pair {
    const key = join(this.#directory, `${name}.key`);
    const certificate = join(this.#directory, `${name}.${extension}`);
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    openssl(['req', '-new', ...curve, '-keyout', key, '-out', certificate, ...options]);
    return { certificate, key };
  }
}

/** The lines of mosquitto.conf that make a listener speak TLS. */
export const tlsSettings = ['cafile %d/ca.pem', 'certfile %d/server.pem', 'keyfile %d/server.key'];

export function text(path: string): string {
  return readFileSync(path, 'utf8');
}

function openssl(args: string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

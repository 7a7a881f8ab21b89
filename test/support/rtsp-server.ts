import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

export interface RtspServerOptions {
  /** Files with H.264 (`.mp4`, or bare as `.h264`), each one video of the stream; sound alone if there is none. */
  videos: string[];
  /** 0: any that is free. */
  port?: number;
  user?: string;
  password?: string;
  /** Digest authentication in place of Basic. */
  digest?: boolean;
  /** TCP is refused. */
  udpOnly?: boolean;
  /** Files of a certificate and its key. */
  tls?: [string, string];
}

/** Debian's Python: GStreamer's bindings are built for it. */
const python = '/usr/bin/python3';
const needs = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer";

/** Why tests with TLS are skipped, or false. */
export const noTls =
  spawnSync(python, ['-c', 'from gi.repository import Gio; Gio.TlsBackend.get_default().supports_tls() or 1 / 0'])
    .status === 0
    ? false
    : 'GLib has no TLS (glib-networking)';

/** Why these tests are skipped, or false. */
export const noRtspServer =
  spawnSync(python, ['-c', needs]).status === 0
    ? false
    : 'GStreamer’s RTSP server is not installed (gir1.2-gst-rtsp-server-1.0, python3-gi)';

/** GStreamer's RTSP server in a process of its own. */
export class RtspServer implements AsyncDisposable {
  #process: ChildProcess | undefined;
  port = 0;

  constructor(private readonly options: RtspServerOptions) {}

  async start(): Promise<this> {
    const args = [
      'test/support/rtsp-server.py',
      JSON.stringify({ ...this.options, port: this.options.port ?? this.port }),
    ];
    const child = spawn(python, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#process = child;
    const ended = once(child, 'exit').then(() => []);
    const [first] = await Promise.race([once(child.stdout, 'data'), ended]);
    if (first === undefined) throw new Error('the RTSP server does not start');
    this.port = Number(String(first).trim());
    return this;
  }

  /**
   * @param login such as `user:password@`
   * @param port of a proxy before it
   */
  url(login = '', port = this.port): string {
    return `${this.options.tls ? 'rtsps' : 'rtsp'}://${login}127.0.0.1:${port}/cam`;
  }

  /** `kill -9`: its connections are gone with it. */
  async stop(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  /** It hangs, with its connections open; until `SIGCONT`, or its end. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process?.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

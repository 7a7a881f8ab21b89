import { execFile, type SpawnOptions, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '../support/broker.js';

const execute = promisify(execFile);
const qemu = 'qemu-aarch64-static';
const linker = '/lib/ld-linux-aarch64.so.1';

/** A core that QEMU imitates. */
export interface Core {
  /** With the board that has it. */
  name: string;
  /** QEMU's name for it. */
  cpu: string;
  /** What Linux on that board says in `/proc/cpuinfo`. */
  part: string;
  features: string;
}

/** ONNX Runtime has different integer kernels for the two: the second core has dot-product instructions. */
export const cores: readonly Core[] = [
  {
    name: 'Cortex-A72 (Raspberry Pi 4)',
    cpu: 'cortex-a72',
    part: '0xd08',
    features: 'fp asimd evtstrm crc32 cpuid',
  },
  {
    name: 'Cortex-A76 (Raspberry Pi 5)',
    cpu: 'cortex-a76',
    part: '0xd0b',
    features: 'fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp',
  },
];

/** Being root in a namespace of one's own is enough. */
const unshare = ['--mount', ...(process.getuid?.() === 0 ? [] : ['--map-root-user'])];

/** Why arm64 programs can't be run here, or undefined. */
export async function whyNot(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'it compares x86-64 Linux with arm64';
  for (const [program, packageName] of [
    [qemu, 'qemu-user-static'],
    ['ffmpeg', 'ffmpeg'],
    ['unshare', 'util-linux'],
  ] as const) {
    if (findProgram(program) === undefined) return `${program} is not in PATH (Debian: ${packageName})`;
  }
  if (!existsSync(linker)) {
    return `there is no ${linker} (Debian: dpkg --add-architecture arm64, then libc6:arm64 libstdc++6:arm64 libatomic1:arm64)`;
  }
  try {
    await execute('unshare', [...unshare, 'mount', '--bind', '/proc/version', '/proc/cpuinfo']);
  } catch (error) {
    return `/proc/cpuinfo can’t be replaced in a mount namespace: ${(error as Error).message.trim()}`;
  }
  return undefined;
}

/** Runs Node for arm64 as if on a board with a certain core. */
export class Emulator {
  private constructor(
    private readonly core: Core,
    private readonly node: string,
    private readonly directory: string,
  ) {}

  /** @param node the arm64 binary; @param directory an empty one for this emulator's files */
  static async make(core: Core, node: string, directory: string): Promise<Emulator> {
    const emulator = new Emulator(core, node, directory);
    // Without ARM's text there, ONNX Runtime's detection of the processor crashes: QEMU 7 passes the host's through.
    const identity = [
      'CPU implementer\t: 0x41',
      'CPU architecture: 8',
      'CPU variant\t: 0x0',
      `CPU part\t: ${core.part}`,
    ];
    const about = [
      'processor\t: 0',
      'BogoMIPS\t: 108.00',
      `Features\t: ${core.features}`,
      ...identity,
      'CPU revision\t: 3',
    ];
    await writeFile(emulator.#file('cpuinfo'), `${about.join('\n')}\n\n`);
    // The kernel does not start arm64 programs by itself: the daemon's engine is started through this script.
    await writeFile(emulator.#file('node'), `#!/bin/sh\nexec ${qemu} '${node}' "$@"\n`, { mode: 0o755 });
    await writeFile(emulator.#file('exec-path.cjs'), `process.execPath = ${JSON.stringify(emulator.#file('node'))};\n`);
    return emulator;
  }

  spawn(args: readonly string[], options: SpawnOptions) {
    const mounted = 'mount --bind "$0" /proc/cpuinfo && exec "$@"';
    const command = ['sh', '-c', mounted, this.#file('cpuinfo'), qemu, this.node, ...args];
    const env = {
      ...process.env,
      ...options.env,
      QEMU_CPU: this.core.cpu,
      NODE_OPTIONS: `--require=${JSON.stringify(this.#file('exec-path.cjs'))}`,
    };
    return spawn('unshare', [...unshare, ...command], { ...options, env });
  }

  #file(name: string): string {
    return join(this.directory, name);
  }
}

import { readFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';

/** What the daemon runs on. */
export interface Board {
  /** As its maker calls it. */
  model: string;
  /** Of one core, as the kernel calls it; empty where it doesn't. */
  cpu: string;
  cores: number;
  memoryBytes: number;
}

/**
 * Reads the board's name: the device tree's on ARM boards, DMI's on PCs.
 *
 * @param root of the file system; another one in tests
 */
export async function readBoard(root = '/'): Promise<Board> {
  const deviceTree = await readText(join(root, 'proc/device-tree/model'));
  const dmi = await Promise.all(
    ['sys_vendor', 'product_name'].map((name) => readText(join(root, 'sys/class/dmi/id', name))),
  );
  const cores = cpus();
  return {
    model: deviceTree || dmi.filter(Boolean).join(' ') || 'unknown board',
    cpu: cores[0]?.model.trim() ?? '',
    cores: cores.length,
    memoryBytes: totalmem(),
  };
}

/** The text without the NUL that ends a device-tree string; empty where there is no such file. */
async function readText(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.replaceAll('\0', '').trim();
}

import { open, rename } from 'node:fs/promises';

/** Replaces a small JSON file of the state directory as a whole: after a power cut it is the old one or the new one. */
export async function writeStateFile(path: string, value: unknown): Promise<void> {
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(JSON.stringify(value));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

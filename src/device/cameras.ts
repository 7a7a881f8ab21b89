import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** `libcamera-hello` is the name on Raspberry Pi OS before Bookworm. */
const listers = ['rpicam-hello', 'libcamera-hello'];

/**
 * The first camera that the board has, as a `source`: CSI before USB, since a board with a CSI camera was given it on
 * purpose. Undefined when there is none.
 *
 * @param root of the file system; another one in tests
 */
export async function findCamera(root = '/'): Promise<string | undefined> {
  return (await findCsiCamera()) ?? (await findVideoDevice(root));
}

async function findCsiCamera(): Promise<string | undefined> {
  for (const program of listers) {
    const listed = await run(program, ['--list-cameras'], { timeout: 4000 }).catch(() => undefined);
    const first = /^(\d+) : /m.exec(listed?.stdout ?? '');
    if (first) return `libcamera:${first[1]}`;
  }
  return undefined;
}

/**
 * The lowest-numbered V4L2 node that is a camera's first one. On a Raspberry Pi /dev/video10 and up are decoders,
 * scalers and the ISP; a USB camera has a second node for metadata, whose `index` is 1.
 */
async function findVideoDevice(root: string): Promise<string | undefined> {
  const names = (await readdir(join(root, 'sys/class/video4linux')).catch(() => [])).filter((name) =>
    /^video\d+$/.test(name),
  );
  names.sort((a, b) => Number(a.slice(5)) - Number(b.slice(5)));
  for (const name of names) {
    const read = (file: string) =>
      readFile(join(root, 'sys/class/video4linux', name, file), 'utf8').then(
        (text) => text.trim(),
        () => '',
      );
    const [driver, index] = [await read('name'), await read('index')];
    if (index === '0' && !/codec|isp|unicam|rp1-cfe|pispbe|hevc|m2m/i.test(driver)) return `v4l2:/dev/${name}`;
  }
  return undefined;
}

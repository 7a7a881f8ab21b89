/** One format and size that a camera has, with its rates. */
export interface CameraMode {
  /** As the driver calls it: `MJPG`, `YUYV`, `SRGGB10_CSI2P`. */
  format: string;
  width: number;
  height: number;
  /** Pictures a second, the most first; none where it does not say. */
  fps: number[];
}

/**
 * `'SRGGB10_CSI2P' : 1536x864 [120.13 fps - (768, 432)/3072x1728 crop]`; the format stands before the first size only, and
 * the rate is `nan` where the driver names none.
 */
const libcameraMode = /(?:'([^']+)'\s*:\s*)?(\d+)x(\d+)\s+\[(\S+) fps/g;

/** The modes of one camera in what `rpicam-hello --list-cameras` prints. */
export function parseLibcameraModes(text: string): CameraMode[] {
  let format = '';
  return [...text.matchAll(libcameraMode)].map(([, named, width, height, fps]) => {
    format = named ?? format;
    return { format, width: Number(width), height: Number(height), fps: [Number(fps)].filter(Number.isFinite) };
  });
}

/** Of a range (`Size: Stepwise 16x16 - 1920x1080 with step 2/2`, `(1.000-30.000 fps)`) the largest is taken. */
const v4l2Format = /^\[\d+\]: '(.+?)'/;
const v4l2Size = /^Size: .*?(\d+)x(\d+)(?: with step .*)?$/;
const v4l2Rate = /\((?:[\d.]+-)?([\d.]+) fps\)$/;

/** What `v4l2-ctl --list-formats-ext` prints. */
export function parseV4l2Modes(text: string): CameraMode[] {
  const modes: CameraMode[] = [];
  let format = '';
  for (const line of text.split('\n').map((line) => line.trim())) {
    format = v4l2Format.exec(line)?.[1] ?? format;
    const [, width, height] = v4l2Size.exec(line) ?? [];
    if (width !== undefined) modes.push({ format, width: Number(width), height: Number(height), fps: [] });
    const rate = v4l2Rate.exec(line)?.[1];
    if (rate !== undefined) modes.at(-1)?.fps.push(Number(rate));
  }
  for (const { fps } of modes) fps.sort((a, b) => b - a);
  return modes;
}

import { z } from 'zod';
import { type SourceKind, sourceKind } from './address.js';
import { mask } from './mask.js';

/** Of a picture, pixels. Chroma is stored for two by two pixels, so both are even. */
export const pictureSize = z
  .tuple([z.int().min(16).max(16384).multipleOf(2), z.int().min(16).max(16384).multipleOf(2)])
  .describe('[width, height] asked of the camera, pixels, even; it may answer with the nearest that it has');

/**
 * What is asked of a camera on a CSI connector of a Raspberry Pi, in words of node-libcamera's options; the last two
 * are newer than that package.
 */
export const libcameraOptions = z.strictObject({
  shutterMicroseconds: z.int().min(1).max(700_000_000).optional().describe('fixed exposure time'),
  gain: z.number().positive().max(64).optional().describe('fixed gain of sensor and ISP together'),
  exposure: z.enum(['normal', 'sport']).optional().describe('sport: shorter exposure, more gain'),
  metering: z.enum(['centre', 'spot', 'average', 'custom']).optional(),
  ev: z.number().min(-10).max(10).optional().describe('exposure compensation, stops'),
  awb: z
    .enum(['auto', 'incandescent', 'tungsten', 'fluorescent', 'indoor', 'daylight', 'cloudy', 'custom'])
    .optional()
    .describe('white balance'),
  awbGains: z
    .tuple([z.number().positive().max(32), z.number().positive().max(32)])
    .optional()
    .describe('[red, blue]; switches the automatic white balance off'),
  hflip: z.boolean().optional().describe('mirrored'),
  vflip: z.boolean().optional().describe('upside down'),
  rotation: z.literal([0, 180]).optional().describe('degrees; others can’t be done by the sensor'),
  roi: z
    .tuple([
      z.number().min(0).max(1),
      z.number().min(0).max(1),
      z.number().positive().max(1),
      z.number().positive().max(1),
    ])
    .refine(([x, y, width, height]) => x + width <= 1 && y + height <= 1, 'a part that lies inside the picture')
    .optional()
    .describe('[x, y, width, height] of the part of the sensor that is used, fractions'),
  brightness: z.number().min(-1).max(1).optional(),
  contrast: z.number().min(0).max(32).optional(),
  saturation: z.number().min(0).max(32).optional(),
  sharpness: z.number().min(0).max(16).optional(),
  denoise: z.enum(['auto', 'off', 'cdn_off', 'cdn_fast', 'cdn_hq']).optional(),
  tuningFile: z.string().min(1).optional().describe('of libcamera, for the sensor and its lens'),
  autofocus: z.enum(['manual', 'auto', 'continuous']).optional(),
  lensPosition: z.number().min(0).max(32).optional().describe('1 / metres; 0 is infinity'),
});
export type LibcameraOptions = z.infer<typeof libcameraOptions>;

export const v4l2Options = z.strictObject({
  format: z
    .enum(['auto', 'mjpeg', 'yuyv', 'h264'])
    .optional()
    .describe('auto: the cheapest one that has the size and the rate that were asked for'),
});
export type V4l2Options = z.infer<typeof v4l2Options>;

export const networkOptions = z.strictObject({
  username: z.string().min(1).optional().describe('in place of one in the address'),
  password: z.string().optional().describe('use `!secret NAME`, or the environment'),
  transport: z.enum(['tcp', 'udp']).optional().describe('of RTSP; udp loses pictures where the network does'),
  timeoutSeconds: z
    .number()
    .positive()
    .max(600)
    .optional()
    .describe('how long the camera may be silent, or take to open; 10 where it is not given'),
  stream: z
    .union([z.enum(['largest', 'smallest']), z.int().min(0).max(99)])
    .optional()
    .describe('which of several videos in one address: largest, smallest, or its number from 0'),
  tls: z
    .strictObject({
      verify: z
        .boolean()
        .optional()
        .describe('false: anybody in between can see the pictures and the password; true where it is not given'),
      ca: z
        .string()
        .min(1)
        .optional()
        .describe('PEM file with the camera’s own certificate, or of whoever signed it, in place of the system’s'),
      serverName: z.string().min(1).optional().describe('whom the certificate is for, if not the host of `source`'),
    })
    .optional()
    .describe('how the certificate of rtsps and https is checked'),
});
export type NetworkOptions = z.infer<typeof networkOptions>;

/** The settings that only some kinds of sources can do something with. */
const kindsOf: Record<string, readonly SourceKind[]> = {
  size: ['libcamera', 'v4l2', 'jetson-csi'],
  captureFps: ['libcamera', 'v4l2', 'jetson-csi'],
  decoder: ['network', 'v4l2'],
  libcamera: ['libcamera'],
  v4l2: ['v4l2'],
  network: ['network'],
};

/** Settings that would have no effect on this camera's source are mistakes, since somebody expects one. */
export function refuseForeignOptions(camera: Record<string, unknown>, context: z.RefinementCtx): void {
  const { source } = camera as { source: string };
  if (source === mask) return; // a secret that is not on this machine
  const kind = sourceKind(source);
  if (kind === undefined) return;
  for (const [name, kinds] of Object.entries(kindsOf)) {
    if (camera[name] === undefined || kinds.includes(kind)) continue;
    const message = `only with a source of the kind ${kinds.join(' or ')}; this one is of the kind ${kind}`;
    context.addIssue({ code: 'custom', path: [name], message });
  }
}

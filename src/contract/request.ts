import { z } from 'zod';
import { benchmarkSummary } from './benchmark.js';
import { explanation } from './explanation.js';
import { point } from './geometry.js';

/** Ties a response to its request; whoever asks chooses it. MQTT 5's correlation data does the same. */
const transaction = z.union([z.string().max(256), z.number()]);

/** `minspnet/<node>/request/<name>`: what is asked for, with what that needs. Never retained. */
export const request = z.looseObject({ transaction: transaction.optional() });
export type Request = z.infer<typeof request>;

/** `minspnet/<node>/response/<name>`, or MQTT 5's response topic: the answer to each request. Never retained. */
export const response = z.object({
  status: z.enum(['ok', 'error']),
  data: z.unknown().describe('what was asked for; an empty object where there is nothing to say'),
  error: z.string().optional().describe('why not, and what to do'),
  code: z.string().optional().describe('names the error; stable'),
  transaction: transaction.optional().describe('of the request'),
});
export type Response = z.infer<typeof response>;

/** A camera's name; which ones there are is only known to the node. */
const camera = z.string().min(1).max(64);
const empty = z.object({});
/** A taught model, or one of its classes: a part of a path. */
const taughtName = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
const pictureCounts = z.record(z.string(), z.int().min(0)).describe('that wait to be taught, by class');

/** `…/<camera>/settings`: what requests can change, as it is now. Retained. */
export const cameraSettings = z.object({
  camera: z.string(),
  detect: z.boolean(),
  fps: z.number().describe('pictures analysed a second, at most'),
  minScore: z.number().describe('in place of the model card’s; with a higher one every score is worth less'),
});
export type CameraSettingsState = z.infer<typeof cameraSettings>;

const picture = z.object({
  topic: z.string().describe('where the JPEG was published, retained, before this answer'),
  bytes: z.int().positive(),
  width: z.int().min(0).describe('pixels'),
  height: z.int().min(0).describe('pixels'),
});

const model = z.object({
  name: z.string(),
  version: z.string(),
  classes: z.array(z.string()),
  precisions: z.array(z.string()),
  running: z.boolean(),
});

/** All that a node can be asked for: by name what the request needs besides `transaction`, and what the answer holds. */
export const requests = {
  detect: {
    summary: 'Switches detection of a camera on or off. Survives a restart.',
    needs: z.strictObject({ camera, enabled: z.boolean() }),
    gives: cameraSettings,
  },
  rate: {
    summary: 'How many pictures of a camera are analysed a second, at most. Survives a restart.',
    needs: z.strictObject({ camera, fps: z.number().positive().max(120) }),
    gives: cameraSettings,
  },
  minScore: {
    summary:
      'In place of the model card’s: with a higher one every score of a camera is worth less. Survives a restart.',
    needs: z.strictObject({ camera, minScore: z.number().min(0).max(1) }),
    gives: cameraSettings,
  },
  snapshot: {
    summary: 'The next whole picture of a camera’s stream, as JPEG at `<camera>/snapshot`.',
    needs: z.strictObject({ camera }),
    gives: picture,
  },
  still: {
    summary: 'A photograph at the camera’s full resolution, as JPEG at `<camera>/still`.',
    needs: z.strictObject({ camera }),
    gives: picture,
  },
  explain: {
    summary: 'What a camera saw in the last minutes, told or not, and why not.',
    needs: z.strictObject({
      camera,
      minutes: z.number().positive().max(60).default(10),
      place: point.optional().describe('what was seen there, nearest first; without: everywhere'),
    }),
    gives: explanation,
  },
  clearBackground: {
    summary: 'Forgets the places of a camera that are learnt as background.',
    needs: z.strictObject({ camera }),
    gives: empty,
  },
  restart: {
    summary: 'Closes a camera’s source and opens it again.',
    needs: z.strictObject({ camera }),
    gives: empty,
  },
  reload: {
    summary: 'Reads the settings again and puts in force what has changed. Wrong settings change nothing.',
    needs: z.strictObject({}),
    gives: z.object({
      cameras: z.array(z.string()).describe('those of the new settings'),
      restartNeeded: z.array(z.string()).describe('settings that have changed, but only a new start applies them'),
    }),
  },
  swapModel: {
    summary:
      'Runs another one of the models that `models` lists, from the next picture on. Holds until the next start.',
    needs: z.strictObject({
      model: z.string().min(1).max(256),
      precision: z.enum(['auto', 'fp32', 'int8']).default('auto'),
    }),
    gives: z.object({
      name: z.string(),
      version: z.string(),
      precision: z.string().describe('the one that runs'),
    }),
  },
  updateModel: {
    summary: 'Installs the model that `model.updates` offers, once it is checked and tested, and puts it in force.',
    needs: z.strictObject({}),
    gives: z.object({ name: z.string(), version: z.string() }),
  },
  benchmark: {
    summary:
      'Measures the board with the running model as `minspnet bench` does, for about half a minute, beside what it does.',
    needs: z.strictObject({}),
    gives: benchmarkSummary,
  },
  crops: {
    summary: 'The newest pictures of objects in the event list, to teach with.',
    needs: z.strictObject({ camera: camera.optional(), limit: z.int().min(1).max(500).default(50) }),
    gives: z.object({
      crops: z.array(
        z.object({
          id: z.string().describe('of the track, as in events'),
          camera: z.string(),
          class: z.string().describe('that the detector told'),
          at: z.iso.datetime().describe('UTC'),
        }),
      ),
    }),
  },
  assign: {
    summary: 'Says what crops show: “these are delivery-van”. Copies of them wait until the model is taught.',
    needs: z.strictObject({
      model: taughtName,
      class: taughtName,
      crops: z.array(z.string().max(64)).min(1).max(200).describe('ids of tracks'),
    }),
    gives: z.object({
      assigned: z.int().min(0),
      missing: z.array(z.string()).describe('ids of which the event list has no picture any more'),
      pictures: pictureCounts,
    }),
  },
  collect: {
    summary: 'Takes a picture of a state’s region now, as one of a class: “the gate is open”.',
    needs: z.strictObject({ camera, state: taughtName, class: taughtName }),
    gives: z.object({ pictures: pictureCounts }),
  },
  teach: {
    summary: 'Teaches a model with what was assigned and collected, and puts it in force. Takes a minute or more.',
    needs: z.strictObject({ model: taughtName }),
    gives: z.object({
      name: z.string(),
      version: z.string(),
      classes: z.array(z.string()),
      accuracy: z.number().describe('share that is right of pictures that were held out'),
      advice: z.string().describe('whether more pictures are worth it'),
    }),
  },
  models: {
    summary: 'The models that are on this board.',
    needs: z.strictObject({}),
    gives: z.object({ models: z.array(model) }),
  },
} as const;

export type RequestName = keyof typeof requests;
/** What others notice of them stays. */
const changing: readonly RequestName[] = [
  'detect',
  'rate',
  'minScore',
  'restart',
  'reload',
  'swapModel',
  'updateModel',
  'clearBackground',
  'assign',
  'collect',
  'teach',
];
/** By name whether each is let through; `changes`: all that change something, or the level that they are asked for below. */
export type RequestSwitches = Record<RequestName, boolean> & { changes: boolean | string };

/** Whether a request is let through: those that change something can be switched off together. */
export function isRequestOn(switches: RequestSwitches, name: RequestName): boolean {
  return switches[name] && (switches.changes !== false || !changing.includes(name));
}

/**
 * The level between `request` and the name, so that a broker can be told who may change something: it knows who publishes,
 * and no subscriber does. Undefined where there is none.
 */
export function requestGroup({ changes }: RequestSwitches, name: RequestName): string | undefined {
  return typeof changes === 'string' && changing.includes(name) ? changes : undefined;
}
export const requestNames = Object.keys(requests) as RequestName[];
/** As it is asked: what has a default may be left out. */
export type RequestInput<Name extends RequestName> = z.input<(typeof requests)[Name]['needs']>;
export type RequestNeeds<Name extends RequestName> = z.infer<(typeof requests)[Name]['needs']>;
export type RequestGives<Name extends RequestName> = z.infer<(typeof requests)[Name]['gives']>;

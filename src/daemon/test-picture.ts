import type { ChildProcess } from 'node:child_process';
import { MinspnetError, SourceError } from '../contract/errors.js';
import type { EngineSettings, FromEngine, TakenPicture } from '../engine/protocol.js';
import { startEngine, tell } from './engine-process.js';

/** Until an engine opens the source, milliseconds: a slow board that is busy takes long to load a network. */
const startMs = 60_000;
/** From then on to a picture, milliseconds: a network camera may take ten seconds to open. */
const testMs = 30_000;
const camera = 'test';

/**
 * A picture of a source that is not among the cameras, by an engine of its own: whatever it does harms no other camera.
 *
 * @param settings of the engine that runs, with this camera only, called `test`
 * @throws {MinspnetError} why there is none
 */
export async function takeTestPicture(settings: Omit<EngineSettings, 'runId'>): Promise<TakenPicture> {
  let child: ChildProcess | undefined;
  try {
    return await new Promise<TakenPicture>((resolve, reject) => {
      const fail = (what: string) => reject(new SourceError('ERR_SOURCE_NO_PICTURE', 'source', what));
      const busy = () =>
        fail(`no engine was ready to try it within ${startMs / 1000} s: try again when the board is less busy`);
      const late = () => fail(`the source gave no picture within ${testMs / 1000} s: check its address`);
      let timer = setTimeout(busy, startMs);
      let isOpening = false;
      child = startEngine(settings, (_, how) => fail(`the engine that tried it ended with ${how}`));
      child.once('exit', () => clearTimeout(timer));
      child.on('message', (message: FromEngine) => {
        if (message.kind === 'picture') resolve(message);
        if (message.kind === 'failed' || message.kind === 'no-answer') reject(MinspnetError.revive(message.error));
        if (message.kind !== 'capture') return;
        if (!isOpening) {
          isOpening = true;
          clearTimeout(timer);
          timer = setTimeout(late, testMs);
        }
        if (message.error !== undefined) reject(MinspnetError.revive(message.error));
        else if (message.state === 'live') tell(child, { kind: 'take-picture', camera, id: 1, still: false });
      });
    });
  } finally {
    child?.kill('SIGKILL');
  }
}

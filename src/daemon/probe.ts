import type { ChildProcess } from 'node:child_process';
import type { EngineSettings, FromEngine } from '../engine/protocol.js';
import { startEngine } from './engine-process.js';
import { stableMs } from './suspects.js';

/** An engine that is not ready by then is none of a camera that can be judged. Milliseconds. */
const startMs = 60_000;

/**
 * Tries a camera that was set aside in an engine of its own, whose death harms no other camera. Nothing of what it sees is
 * told.
 *
 * @param settings of the engine that it was set aside from
 * @param soundMs how long it must live, milliseconds; shorter only in tests
 * @returns whether its pictures were analysed for so long and the engine lives; false at once when it dies
 */
export async function isSound(
  camera: string,
  settings: Omit<EngineSettings, 'runId'>,
  signal: AbortSignal,
  program?: string,
  soundMs = stableMs,
): Promise<boolean> {
  const own = settings.cameras[camera];
  if (own === undefined || signal.aborted) return false;
  let analysed = 0;
  let child: ChildProcess | undefined;
  const over = new AbortController();
  const isOver = new Promise<boolean>((resolve) => {
    let timer = setTimeout(() => resolve(false), startMs);
    const end = () => {
      clearTimeout(timer);
      resolve(false);
    };
    signal.addEventListener('abort', end, { signal: over.signal });
    try {
      child = startEngine({ ...settings, cameras: { [camera]: own } }, end, program);
    } catch {
      end();
    }
    child?.on('message', (message: FromEngine) => {
      if (message.kind === 'failed') end();
      if (message.kind === 'ready') {
        clearTimeout(timer);
        timer = setTimeout(() => resolve(analysed > 0), soundMs);
      }
      if (message.kind === 'heartbeat') analysed = message.cameras[camera]?.frames ?? 0;
    });
  });
  try {
    return await isOver;
  } finally {
    over.abort(); // `signal` is the daemon's for its whole life, and would keep all of this probe
    child?.kill('SIGKILL');
  }
}

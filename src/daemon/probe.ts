import type { ChildProcess } from 'node:child_process';
import type { EngineSettings, FromEngine } from '../engine/protocol.js';
import { startEngine } from './engine-process.js';
import { stableMs } from './suspects.js';

/**
 * Tries a camera that was set aside in an engine of its own, whose death harms no other camera. Nothing of what it sees is
 * told.
 *
 * @param settings of the engine that it was set aside from
 * @returns whether its pictures were analysed for a minute and the engine lives; false at once when it dies
 */
export async function isSound(
  camera: string,
  settings: Omit<EngineSettings, 'runId'>,
  signal: AbortSignal,
  program?: string,
): Promise<boolean> {
  const own = settings.cameras[camera];
  if (own === undefined || signal.aborted) return false;
  let analysed = 0;
  let child: ChildProcess | undefined;
  const isOver = new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(analysed > 0), stableMs);
    const end = () => {
      clearTimeout(timer);
      resolve(false);
    };
    signal.addEventListener('abort', end, { once: true });
    try {
      child = startEngine({ ...settings, cameras: { [camera]: own } }, end, program);
    } catch {
      end();
    }
    child?.on('message', (message: FromEngine) => {
      if (message.kind === 'failed') end();
      if (message.kind === 'heartbeat') analysed = message.cameras[camera]?.frames ?? 0;
    });
  });
  try {
    return await isOver;
  } finally {
    child?.kill('SIGKILL');
  }
}

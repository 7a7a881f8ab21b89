import { exitCodes, MinspnetError } from '../contract/errors.js';

/** What a person is told of an error: ours in one paragraph, a stranger's with its stack, since it is a bug. */
export function describeError(thrown: unknown, debug: boolean): string {
  if (thrown instanceof MinspnetError && thrown.exit !== 'internal') {
    return `error: ${thrown.message} [${thrown.code}]${debug ? `\n${withCauses(thrown)}` : ''}`;
  }
  return `error: a bug of ours [ERR_INTERNAL]; please report it with these lines:\n${withCauses(thrown)}`;
}

function withCauses(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const own = thrown.stack ?? thrown.message;
  return thrown.cause === undefined ? own : `${own}\ncaused by: ${withCauses(thrown.cause)}`;
}

/** The exit code that an error ends a command with. */
export function exitCodeOf(thrown: unknown): number {
  return exitCodes[thrown instanceof MinspnetError ? thrown.exit : 'internal'];
}

/**
 * Runs a command to its exit code. Whatever it throws is told on standard error, with stacks where MINSPNET_DEBUG=1;
 * nothing is thrown on.
 */
export async function guard(command: () => Promise<number>): Promise<number> {
  try {
    return await command();
  } catch (thrown) {
    process.stderr.write(`${describeError(thrown, process.env.MINSPNET_DEBUG === '1')}\n`);
    return exitCodeOf(thrown);
  }
}

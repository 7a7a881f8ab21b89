import { type ExitReason, exitCodes, MinspnetError } from '../contract/errors.js';

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

/** What each way to end means to whoever started us; `docs/exit-codes.md` and `--help` are made of it. */
export const exitMeanings: Record<ExitReason, string> = {
  ok: 'everything was done, or the daemon was asked to stop',
  internal: 'a bug of ours; please report it',
  usage: 'an unknown command, option or argument',
  source: 'a picture, clip or camera that is no such thing, is empty, or can’t be decoded',
  input: 'a file, device or stream that was named does not exist or can’t be read',
  unreachable: 'a camera in the network can’t be reached, or says nothing',
  broker: 'the MQTT broker refused us or never answered',
  system: 'systemd is missing or refuses, or the service does not run (`minspnet service`)',
  state: 'the state directory (outbox), or a file that was asked for, can’t be written',
  engine: 'the engine keeps dying at its start',
  port: 'a port that was asked for is in use',
  permission: 'a camera refuses our user name or password, or this user may not use a device',
  config: 'the configuration holds an error',
  model: 'a model is missing, damaged, or not what its card says',
};

/** The exit codes as the last lines of `--help`. */
export function exitCodeTable(): string {
  const rows = Object.entries(exitCodes).map(
    ([reason, code]) => `  ${String(code).padStart(2)}  ${exitMeanings[reason as ExitReason]}`,
  );
  return `Exit codes:\n${rows.join('\n')}`;
}

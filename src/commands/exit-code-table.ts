import { type ExitReason, exitCodes } from '../contract/errors.js';

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

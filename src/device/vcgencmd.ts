import type { CommandResult } from './system.js';

type Failure = Extract<CommandResult, { failure: string }>['failure'];

/** Why the Raspberry Pi's firmware could not be asked, with what to do. */
export function vcgencmdAdvice(failure: Failure): string {
  if (failure === 'absent') return 'there is no vcgencmd: install raspi-utils (libraspberrypi-bin before Bookworm)';
  if (failure === 'timeout') return 'vcgencmd did not answer in time';
  return 'vcgencmd failed: it needs /dev/vcio, which the group video may use';
}

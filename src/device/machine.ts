import { release } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
// For what differs from one hypervisor and graphics driver to the next, which many people keep it up for; the
// board's own files are read by this room itself. For commands only: the daemon would carry it in memory for nothing.
import { graphics, system } from 'systeminformation';

/** What a board's figures depend on beside the board. */
export interface Machine {
  /** The kernel's release: `6.12.34-v8-16k+`. */
  kernel: string;
  /** Under which hypervisor it is virtual, `KVM`; undefined on bare metal and where nobody answered in time. */
  virtualHost: string | undefined;
  /** Graphics cards, as their drivers or the bus call them; empty where there is none, or nobody answered in time. */
  graphics: string[];
}

/** @param timeoutMs how long the programs that are asked may take, `lspci` and `nvidia-smi` among them */
export async function readMachine(timeoutMs = 5000): Promise<Machine> {
  const [host, cards] = await Promise.all([within(system(), timeoutMs), within(graphics(), timeoutMs)]);
  return {
    kernel: release(),
    virtualHost: host?.virtual ? host.virtualHost || 'a hypervisor without a name' : undefined,
    graphics: (cards?.controllers ?? []).map(({ vendor, model, name }) => name ?? `${vendor} ${model}`.trim()),
  };
}

/** It spawns programs and has no time-out of its own. */
async function within<T>(asked: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  const late = sleep(timeoutMs, undefined, { ref: false });
  return await Promise.race([asked.catch(() => undefined), late]);
}

import { type OnvifDevice, type ProbeOptions, probeOnvif } from './onvif/discovery.js';
import { LoginWanted, type OnvifLogin, readStreams } from './onvif/streams.js';

/** A stream of a camera in the network. */
export interface NetworkCamera {
  /** As a camera's `source` in the settings; user name and password are `network` of the same. */
  source: string;
  /** As the camera calls itself. */
  name: string;
  /** Coding and size, as far as it says so. */
  detail: string;
}

export interface NetworkCameras {
  cameras: NetworkCamera[];
  /** Those that answered, but tell nothing without a user name and a password, or with these. */
  locked: { name: string; host: string }[];
  /** Of those that answered and could not be asked further: why. */
  notes: string[];
}

/** The cameras in this machine's networks that speak ONVIF, with the addresses of their streams. Never rejects. */
export async function findNetworkCameras(login?: OnvifLogin, options?: ProbeOptions): Promise<NetworkCameras> {
  const found: NetworkCameras = { cameras: [], locked: [], notes: [] };
  const devices = await probeOnvif(options);
  await Promise.all(devices.map((device) => add(found, device, login)));
  found.cameras.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  return found;
}

async function add(found: NetworkCameras, device: OnvifDevice, login: OnvifLogin | undefined): Promise<void> {
  const { name, host } = device;
  try {
    for (const stream of await readStreams(device, login)) found.cameras.push({ name, ...stream });
  } catch (error) {
    if (error instanceof LoginWanted) found.locked.push({ name, host });
    else found.notes.push(`${name} at ${host} can't be asked for its streams: ${(error as Error).message}`);
  }
}

import { settingsSchema } from '../config/schema.js';
import { asMinspnetError, RequestError } from '../contract/errors.js';
import type { BrokerTest, Discovery, DiscoveryLogin, NewBroker, NewCamera } from '../contract/http.js';
import { findCameras } from '../device/cameras.js';
import { findNetworkCameras, type NetworkCameras } from '../device/network-cameras.js';
import type { OnvifLogin } from '../device/onvif/streams.js';
import { System } from '../device/system.js';
import { settingNames } from '../mqtt/broker-access.js';
import { brokerAt } from '../session/connect-options.js';
import { Session } from '../session/session.js';
import type { Configuration } from './configuration.js';
import { mustBeHarmless } from './editable.js';
import { takeTestPicture } from './test-picture.js';

/** What is tried out before it is written down. One source at a time: each takes an engine of its own. */
export class SettingUp {
  #isTrying = false;

  constructor(
    private readonly configuration: Configuration,
    private readonly system = new System(),
    private readonly findInNetwork: (login?: OnvifLogin) => Promise<NetworkCameras> = findNetworkCameras,
  ) {}

  /** The cameras of this board and of its networks that are not in use already. */
  async discover({ username, password = '' }: DiscoveryLogin): Promise<Discovery> {
    const used = new Set(Object.values(this.configuration.settings.cameras).map(({ source }) => source));
    const login = username === undefined ? undefined : { username, password };
    const [own, network] = await Promise.all([findCameras(this.system), this.findInNetwork(login)]);
    const cameras: Discovery['cameras'] = [
      ...own.map(({ source, name, driver, device }) => ({
        ...{ source, name, where: 'board' as const },
        detail: device === undefined ? driver : `${driver}, ${device}`,
      })),
      ...network.cameras.map((camera) => ({ ...camera, where: 'network' as const })),
    ];
    const { locked, notes } = network;
    return { cameras: cameras.filter(({ source }) => !used.has(source)), locked, notes };
  }

  /**
   * @returns JPEG
   * @throws {MinspnetError} why there is none
   */
  async testSource({ source, network }: NewCamera): Promise<Uint8Array> {
    mustBeHarmless(source);
    if (this.#isTrying) throw new RequestError('ERR_REQUEST_BUSY', 'usage', 'another source is being tried: ask again');
    const camera = { source, ...(network && { network }), fps: 5 };
    const parsed = settingsSchema.safeParse({ cameras: { test: camera } });
    if (!parsed.success) {
      const what = parsed.error.issues.map(({ path, message }) => `${path.slice(2).join('.')}: ${message}`).join('; ');
      throw new RequestError('ERR_REQUEST_INVALID', 'usage', what);
    }
    const { history: _, ...settings } = this.configuration.engineSettings;
    this.#isTrying = true;
    try {
      return (await takeTestPicture({ ...settings, cameras: parsed.data.cameras, adjustments: {} })).jpeg;
    } finally {
      this.#isTrying = false;
    }
  }

  /** Whether a broker takes us, and if not, why, in words that say what to do. */
  async testBroker({ url, username, password }: NewBroker): Promise<BrokerTest> {
    const { node, mqtt } = this.configuration.settings;
    try {
      const session = new Session({
        brokers: [brokerAt(url, () => ({ username, password }), settingNames)],
        names: settingNames,
        clientId: `${node}-test-${process.pid}`,
        connectMs: Math.min(mqtt.connectSeconds, 10) * 1000,
      });
      try {
        await session.open();
      } finally {
        await session.stop();
      }
      return { ok: true, reason: 'the broker takes us', code: null };
    } catch (error) {
      const { message, code } = asMinspnetError(error);
      return { ok: false, reason: message, code };
    }
  }
}

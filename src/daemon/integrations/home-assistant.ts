import type { SensorsHealth } from '../../contract/health.js';
import { isRequestOn } from '../../contract/request.js';
import { HomeAssistant } from '../../mqtt/home-assistant.js';
import type { Publisher } from '../../mqtt/publisher.js';
import type { Configuration } from '../configuration.js';
import type { Feed } from '../feed.js';

/**
 * Announces the board and its cameras to Home Assistant, from the first look at the sensors on: it is told which of them
 * there are.
 */
export function announceToHomeAssistant(
  publisher: Publisher,
  feed: Feed,
  configuration: Configuration,
  facts: { version: string; board: string },
): void {
  const { mqtt, node } = configuration.settings;
  const homeAssistant = new HomeAssistant(publisher, mqtt.homeAssistant.prefix);
  let sensors: SensorsHealth | undefined;
  const announce = () => {
    if (sensors === undefined) return;
    const { cameras, requests, limits } = configuration.settings;
    homeAssistant.announce({
      base: mqtt.baseTopic,
      node,
      ...facts,
      classes: configuration.model.card.classes,
      cameras,
      sensors,
      governed: Object.keys(limits).length > 0,
      isOn: (name) => isRequestOn(requests, name),
    });
  };
  feed
    .on('health', (health) => {
      const isFirst = sensors === undefined;
      sensors = health.sensors;
      if (isFirst) announce();
    })
    .on('configured', announce)
    .on('cameraRemoved', (camera) => homeAssistant.removeCamera(mqtt.baseTopic, node, camera));
}

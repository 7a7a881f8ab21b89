import type { Redactor } from '../../config/mask.js';
import { unknownClass } from '../../contract/head.js';
import { isRequestOn, requestGroup } from '../../contract/request.js';
import { discoveryOf } from '../../mqtt/announced.js';
import type { Publisher } from '../../mqtt/publisher.js';
import { answerTopics, RequestServer } from '../../mqtt/request-server.js';
import { clearStaleCameras } from '../../mqtt/retained-topics.js';
import type { Configuration } from '../configuration.js';
import type { Control } from '../control.js';
import type { Feed } from '../feed.js';
import type { Log } from '../log.js';
import type { Part } from '../parts.js';

/** So much of a stop may be taken to deliver what waits, milliseconds. */
const deliverMs = 600;

/** Tells everything at our own topics. It holds the outbox, so what uses it starts later and stops earlier. */
export class MqttIntegration implements Part {
  readonly name = 'mqtt';

  /** @param shown what the log calls the broker; by default its URL */
  constructor(
    private readonly publisher: Publisher,
    private readonly feed: Feed,
    private readonly configuration: Configuration,
    log: Log,
    shown: (url: string) => string,
  ) {
    const retry = (ms: number) => ` (next attempt in ${(ms / 1000).toFixed(1)} s)`;
    publisher
      .on('connected', (url) => log.info(`mqtt      ${shown(url)}, topics ${publisher.topics.status.slice(0, -6)}#`))
      .on('away', (error, retryMs) => log.warn(error.message + retry(retryMs)))
      .on('refused', (error, retryMs) => log.error(error.message + retry(retryMs)))
      .on('drained', (delivered) => log.info(`mqtt      ${delivered} events that waited have been delivered`))
      .on('warning', (error) => log.warn(error.message))
      .on('recovered', () => log.info('outbox    the disk takes events again'));
    feed
      .on('info', (info) => publisher.info(info))
      .on('snapshot', (snapshot) => publisher.snapshot(snapshot))
      .on('observation', (observation) => publisher.observation(observation))
      .on('detections', (detections) => publisher.detections(detections))
      .on('cameraState', (state) => publisher.cameraState(state))
      .on('cameraStatus', (status) => publisher.cameraStatus(status))
      .on('regionState', (state) => publisher.regionState(state))
      .on('cameraSettings', (settings) => publisher.cameraSettings(settings))
      .on('health', (health) => publisher.health(health));
  }

  /** What an earlier run left at retained topics is replaced before `online` is said. */
  async start(): Promise<void> {
    const at = new Date().toISOString();
    for (const camera of this.configuration.cameras) {
      this.publisher.cameraStatus({ camera, state: 'starting', at });
      this.feed.emit('cameraState', { camera, at, counts: {}, moving: 0, zones: {} });
      for (const [name, { classes }] of Object.entries(this.configuration.settings.cameras[camera]?.states ?? {})) {
        this.feed.emit('regionState', { camera, name, state: unknownClass, classes, score: 0, at });
      }
    }
    await this.publisher.start();
  }

  async stop(): Promise<void> {
    await this.publisher.stop({ timeoutMs: deliverMs });
  }
}

/** Carries out what is asked for at our request topics. */
export function serveRequests(
  publisher: Publisher,
  control: Control,
  configuration: Configuration,
  redactor: Redactor,
  log: Log,
): RequestServer {
  const { mqtt, requests: switches } = configuration.settings;
  const { topics } = publisher;
  const server = new RequestServer({
    topics,
    isOn: (name) => isRequestOn(configuration.settings.requests, name),
    groupOf: (name) => requestGroup(configuration.settings.requests, name),
    perSecond: switches.perSecond,
    handlers: control,
    say: (topic, payload, options) =>
      publisher.say(topic, JSON.stringify(redactor.redactAll(JSON.parse(payload))), options),
    mayAnswerAt: answerTopics(topics, mqtt.baseTopic, switches.responseTopics),
  });
  server.on('warning', (error) => log.error(`a request failed, a bug of ours: ${error.message}`));
  publisher.subscribe(topics.filter('request'));
  if (typeof switches.changes === 'string') publisher.subscribe(topics.request('+', switches.changes));
  publisher.on('message', (message) => {
    if (server.accepts(message.topic)) void server.receive(message);
  });
  return server;
}

/** Takes away what the broker still holds of cameras and states that the settings don't name any more. */
export function clearRemovedCameras(publisher: Publisher, configuration: Configuration, feed: Feed, log: Log): void {
  let isDue = true;
  let isClearing = false;
  const clear = async () => {
    if (isClearing) return; // two at a time would take away each other's subscriptions
    isClearing = true;
    try {
      while (isDue && publisher.counters.connected) await clearNow();
    } finally {
      isClearing = false;
    }
  };
  const clearNow = async () => {
    isDue = false;
    const { mqtt, node } = configuration.settings;
    const { baseTopic, homeAssistant } = mqtt;
    const discovery = homeAssistant.enabled ? discoveryOf(homeAssistant.prefix, baseTopic, node) : undefined;
    const removing = (camera: string) => {
      feed.emit('cameraRemoved', camera);
      log.info(`camera    ${camera} is in the settings no more: its topics are cleared`);
    };
    const { topics } = publisher;
    const cameras = () => configuration.settings.cameras;
    const stale = await clearStaleCameras(publisher, topics, baseTopic, cameras, removing, discovery);
    if (stale === undefined) isDue = true; // the next session looks again
  };
  publisher.on('connected', () => void clear());
  feed.on('configured', () => {
    isDue = true;
    void clear();
  });
}

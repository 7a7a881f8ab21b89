import { requestGroup } from '../../src/contract/request.js';
import { Publisher, type PublisherOptions } from '../../src/mqtt/publisher.js';
import { RequestServer } from '../../src/mqtt/request-server.js';
import { startConnected } from './publishing.js';
import { recordingHandlers } from './requests.js';

/** A node that publishes and is asked, as the daemon puts both together. */
export interface Board {
  publisher: Publisher;
  server: RequestServer;
  /** What it was asked for. */
  asked: ReturnType<typeof recordingHandlers>['asked'];
}

export interface BoardOptions {
  /** How the broker is reached besides its URL. */
  access?: Partial<PublisherOptions['broker']>;
  /** The setting `requests.changes`. */
  changes?: boolean | string;
}

/** Node `node`, started; whoever asked for it stops its publisher. */
export async function startBoard(url: string, outbox: string, options: BoardOptions = {}): Promise<Board> {
  const { access = {}, changes = true } = options;
  const publisher = new Publisher({
    baseTopic: 'minspnet',
    node: 'node',
    broker: { url, connectMs: 2000, ...access },
    outbox: { directory: outbox, maxEvents: 1000, maxBytes: 1e6, fsync: false },
  });
  const { handlers, asked } = recordingHandlers();
  const server = new RequestServer({
    topics: publisher.topics,
    isOn: () => true,
    groupOf: (name) => requestGroup({ changes } as Parameters<typeof requestGroup>[0], name),
    perSecond: 1e6,
    handlers,
    say: (topic, payload, options) => publisher.say(topic, payload, options),
    mayAnswerAt: (topic) => !topic.startsWith('minspnet/'),
  });
  publisher.subscribe(publisher.topics.filter('request'));
  if (typeof changes === 'string') publisher.subscribe(publisher.topics.request('+', changes));
  publisher.on('message', (message) => {
    if (server.accepts(message.topic)) void server.receive(message);
  });
  await startConnected(publisher);
  return { publisher, server, asked };
}

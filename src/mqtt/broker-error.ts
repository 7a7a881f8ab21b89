import { BrokerError } from '../contract/errors.js';

/** What the broker said no to, in words, with what to do. Numbers below 128 are MQTT 3.1.1's, the others MQTT 5's. */
const refusals: Record<number, string> = {
  1: 'does not speak the MQTT version that we do (5 and 3.1.1)',
  2: 'does not accept our client id: choose another `node` name',
  4: 'does not know this user or password: check `mqtt.username` and `mqtt.password`',
  5: 'does not let this user in: check `mqtt.username` and `mqtt.password`, and that the broker allows this user',
  132: 'does not speak the MQTT version that we do (5 and 3.1.1)',
  133: 'does not accept our client id: choose another `node` name',
  134: 'does not know this user or password: check `mqtt.username` and `mqtt.password`',
  135: 'does not let this user in: check `mqtt.username` and `mqtt.password`, and that the broker allows this user',
  138: 'has banned this client: ask whoever runs it',
  140: 'wants another way of authentication than user and password',
  144: 'does not accept the topic of our last will: check `mqtt.baseTopic` and what this user may write to',
  154: 'does not retain messages, which our state topics need: allow it in the broker',
  155: 'does not offer QoS 1, which our events need: allow it in the broker',
  156: 'asks us to use another one for now: change `mqtt.url`',
  157: 'has moved: change `mqtt.url`',
};

/** Said by a broker that would like to, but can't right now. */
const passing = new Set([3, 128, 131, 136, 137, 139, 151, 159]);

export const reasons = {
  unsupportedVersion: [1, 132],
  notAuthorised: 135,
  takenOver: 142,
} as const;

/** The broker answered our CONNECT with something else than yes. */
export function connectError(url: string, reason: number): BrokerError {
  if (passing.has(reason)) {
    return new BrokerError('ERR_BROKER_BUSY', 'broker', `the broker ${url} can't take us now (reason ${reason})`);
  }
  const why = refusals[reason] ?? 'refused us';
  return new BrokerError('ERR_BROKER_REFUSED', 'broker', `the broker ${url} ${why} (reason ${reason})`);
}

/** The broker ended a session that it had accepted. */
export function disconnectError(url: string, reason: number): BrokerError {
  if (reason === reasons.takenOver) {
    return new BrokerError(
      'ERR_BROKER_TAKEN_OVER',
      'broker',
      `another client took over our session at ${url}: two daemons have the same \`node\` name; give one another`,
    );
  }
  return new BrokerError('ERR_BROKER_AWAY', 'broker', `the broker ${url} ended the session (reason ${reason})`);
}

/** Sessions end as soon as they begin: mosquitto before 2.1 and MQTT 3.1.1 don't say that it was a take-over. */
export function briefError(url: string, clientId: string): BrokerError {
  return new BrokerError(
    'ERR_BROKER_BRIEF',
    'broker',
    `the broker ${url} takes us and drops us again and again: does another daemon have the same \`node\` name (client ` +
      `id ${clientId}), or does the broker's log say why?`,
  );
}

/** The broker acknowledged a PUBLISH with an error. */
export class PublishError extends BrokerError {
  constructor(
    url: string,
    topic: string,
    readonly reason: number,
  ) {
    const advice = reason === reasons.notAuthorised ? ': let this user write to it' : '';
    const message = `the broker ${url} does not accept what we say on ${topic} (reason ${reason})${advice}`;
    super('ERR_BROKER_PUBLISH', 'broker', message);
  }

  /** It is the message that the broker will never take, not the moment or our rights: invalid topic or payload, size. */
  get permanent(): boolean {
    return this.reason === 144 || this.reason === 149 || this.reason === 153;
  }
}

/** The broker refused a subscription. */
export function deafError(url: string, filter: string, cause: Error): BrokerError {
  return new BrokerError(
    'ERR_BROKER_SUBSCRIBE',
    'broker',
    `the broker ${url} does not let us listen to ${filter} (${cause.message}): let this user read it`,
    { cause },
  );
}

/** No session came about, or one was lost, and it was not the broker that said so. */
export function awayError(url: string, cause?: Error): BrokerError {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  return new BrokerError('ERR_BROKER_AWAY', 'broker', `the broker ${url} is away: ${describe(code, cause)}`, { cause });
}

function describe(code: string | undefined, cause: Error | undefined): string {
  if (code === 'ECONNREFUSED') return 'nothing listens there; is it running, and is the port right?';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'its name is not known; is the network up?';
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH') return 'there is no way to it; is the network up?';
  if (cause?.message === 'connack timeout') return 'it did not answer in time; is it an MQTT broker?';
  if (cause?.message === 'Keepalive timeout') return 'it has stopped answering';
  // A certificate counts as away, too: a board without a clock of its own finds every one invalid until NTP has run.
  if (
    code?.startsWith('CERT') ||
    code?.includes('SELF_SIGNED') ||
    code?.includes('VERIFY') ||
    code?.startsWith('ERR_TLS')
  ) {
    return `its certificate is not to be trusted (${code}); is this machine's clock right?`;
  }
  return cause === undefined ? 'the connection was lost' : cause.message || (code ?? 'the connection failed');
}

/** The settings say that the broker's certificate is not to be checked. */
export function unverified(url: string): BrokerError {
  return new BrokerError(
    'ERR_BROKER_UNVERIFIED',
    'broker',
    `THE CERTIFICATE OF ${url} IS NOT VERIFIED: anybody between here and there can read and change everything, the ` +
      'password included. Remove `mqtt.tls.verify: false`; to trust a certificate of your own, name it in `mqtt.tls.ca`',
  );
}

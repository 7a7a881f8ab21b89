import { BrokerError } from '../contract/errors.js';

/** How whoever reads an error finds what to change. */
export interface SettingNames {
  /** Where user and password are set. */
  user: string;
  /** How the client id is changed. */
  clientId: string;
  /** Where the broker's address is set. */
  url: string;
  /** Where the first level of all topics is set. */
  baseTopic: string;
  /** Where certificates and keys are set. */
  tls: string;
}

/** MQTT's reasons that something is done about. Numbers below 128 are MQTT 3.1.1's, the others MQTT 5's. */
const unsupportedVersion: readonly number[] = [1, 132];
const notAuthorised = 135;
const takenOver = 142;
/** Said by a broker that would like to, but can't right now. */
const passing: ReadonlySet<number> = new Set([3, 128, 131, 136, 137, 139, 151, 159]);
/** It is the message that a broker will never take: invalid topic or payload, size. */
const permanent: ReadonlySet<number> = new Set([144, 149, 153]);

/** What the broker said no to, with what to do. */
const refusals: Record<number, (names: SettingNames) => string> = {
  1: () => 'does not speak the MQTT version that we do (5 and 3.1.1)',
  2: ({ clientId }) => `does not accept our client id: ${clientId}`,
  4: ({ user }) => `does not know this user or password: check ${user}`,
  5: ({ user }) => `does not let this user in: check ${user}, and that the broker allows this user`,
  138: () => 'has banned this client: ask whoever runs it',
  140: () => 'wants another way of authentication than user and password',
  144: ({ baseTopic }) =>
    `does not accept the topic of our last will: check ${baseTopic} and what this user may write to`,
  154: () => 'does not retain messages, which our state topics need: allow it in the broker',
  155: () => 'does not offer QoS 1, which our events need: allow it in the broker',
  156: ({ url }) => `asks us to use another one for now: change ${url}`,
  157: ({ url }) => `has moved: change ${url}`,
};
/** MQTT 5's numbers for what 3.1.1 has others for. */
const olderNumber: Record<number, number> = { 132: 1, 133: 2, 134: 4, 135: 5 };

/** mqtt.js puts MQTT's reason into `code`, where Node puts names. @returns undefined if it is none of MQTT's */
export function reasonOf(error: unknown): number | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'number' ? code : undefined;
}

export function isUnsupportedVersion(reason: number | undefined): boolean {
  return reason !== undefined && unsupportedVersion.includes(reason);
}

/** The broker answered our CONNECT with something else than yes. */
export function connectError(url: string, reason: number, names: SettingNames): BrokerError {
  if (passing.has(reason)) {
    return new BrokerError('ERR_BROKER_BUSY', 'broker', `the broker ${url} can't take us now (reason ${reason})`);
  }
  const why = refusals[olderNumber[reason] ?? reason]?.(names) ?? 'refused us';
  return new BrokerError('ERR_BROKER_REFUSED', 'broker', `the broker ${url} ${why} (reason ${reason})`);
}

/** The broker ended a session that it had accepted. */
export function disconnectError(url: string, reason: number, names: SettingNames): BrokerError {
  if (reason === takenOver) {
    const message = `another client of the same client id took over our session at ${url}: ${names.clientId}`;
    return new BrokerError('ERR_BROKER_TAKEN_OVER', 'broker', message);
  }
  return new BrokerError('ERR_BROKER_AWAY', 'broker', `the broker ${url} ended the session (reason ${reason})`);
}

/** Sessions end as soon as they begin: mosquitto before 2.1 and MQTT 3.1.1 don't say that it was a take-over. */
export function briefError(url: string, names: SettingNames): BrokerError {
  const message =
    `the broker ${url} takes us and drops us again and again: either another client has the same client id ` +
    `(${names.clientId}), or the broker's log says why`;
  return new BrokerError('ERR_BROKER_BRIEF', 'broker', message);
}

/** The broker acknowledged a PUBLISH with an error. */
export class PublishError extends BrokerError {
  constructor(
    url: string,
    topic: string,
    readonly reason: number,
  ) {
    const advice = reason === notAuthorised ? ': let this user write to it' : '';
    const message = `the broker ${url} does not accept what we say on ${topic} (reason ${reason})${advice}`;
    super('ERR_BROKER_PUBLISH', 'broker', message);
  }

  /** It is the message that the broker will never take, not the moment or our rights. */
  get permanent(): boolean {
    return permanent.has(this.reason);
  }
}

/** Why a message was not acknowledged: the broker's no, or the end of its session. */
export function publishError(url: string, topic: string, error: Error): BrokerError {
  const reason = reasonOf(error);
  return reason === undefined ? awayError(url, error) : new PublishError(url, topic, reason);
}

/** The broker refused a subscription. */
export function subscriptionError(url: string, filter: string, reason: number): BrokerError {
  const message = `the broker ${url} does not let us listen to ${filter} (reason ${reason}): let this user read it`;
  return new BrokerError('ERR_BROKER_SUBSCRIBE', 'broker', message);
}

/** No session came about, or one was lost, and it was not the broker that said so. */
export function awayError(url: string, cause?: Error): BrokerError {
  const code = (cause as { code?: string } | undefined)?.code;
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

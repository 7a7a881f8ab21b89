/**
 * Every way a command can end, in one table, so that scripts and systemd units can tell them apart.
 * 0 and 1 keep their usual meaning; 64 and above follow sysexits(3) where it has a fitting entry.
 */
export const exitCodes = {
  ok: 0,
  /** A bug of ours: please report it. */
  internal: 1,
  /** An unknown command, option or argument (EX_USAGE). */
  usage: 64,
  /** A clip, picture or camera that can't be decoded, is empty, broken or no video (EX_DATAERR). */
  source: 65,
  /** A named file, device or stream does not exist or can't be read (EX_NOINPUT). */
  input: 66,
  /** A camera in the network can't be reached, or says nothing (EX_NOHOST). */
  unreachable: 68,
  /** The broker refused us, or never answered (EX_UNAVAILABLE). */
  broker: 69,
  /** systemd is missing or refuses what `minspnet service` asks for, or the service doesn't run (EX_OSERR). */
  system: 71,
  /** The outbox, another file of the state directory or one that was asked for can't be written (EX_CANTCREAT). */
  state: 73,
  /** The engine keeps dying at start (EX_TEMPFAIL). */
  engine: 75,
  /** A port that was asked for by name is in use (EX_PROTOCOL is not used; this is our own number). */
  port: 76,
  /** A camera refuses our user name or password, or a device may not be used by this user (EX_NOPERM). */
  permission: 77,
  /** The configuration holds an error (EX_CONFIG). */
  config: 78,
  /** A model is missing, corrupt, or not what its card says. */
  model: 79,
} as const;

/** The name of one way to end; see {@link exitCodes}. */
export type ExitReason = keyof typeof exitCodes;

/** What an error crosses a process border as: the class is gone, the code and the message stay. */
export interface SerialisedError {
  code: string;
  exit: ExitReason;
  message: string;
}

/**
 * The root of all errors that we raise on purpose. The message says what happened, where, and what to do;
 * `code` is stable and may be matched on; `exit` says how a command ends that can't go on because of it.
 */
export class MinspnetError extends Error {
  constructor(
    readonly code: string,
    readonly exit: ExitReason,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = new.target.name;
  }

  /** The error of another process: of the class that its code names. */
  static revive({ code, exit, message }: SerialisedError): MinspnetError {
    const Kind = classes[/^ERR_([A-Z]+)_/.exec(code)?.[1] ?? ''] ?? MinspnetError;
    return new Kind(code, exit, message);
  }

  serialise(): SerialisedError {
    return { code: this.code, exit: this.exit, message: this.message };
  }
}

/** A picture or a stream that can't be opened or decoded. Code `ERR_SOURCE_…`. */
export class SourceError extends MinspnetError {}

/** A model file or card that can't be used. Code `ERR_MODEL_…`. */
export class ModelError extends MinspnetError {}

/** The engine process failed as a whole. Code `ERR_ENGINE_…`. */
export class EngineError extends MinspnetError {}

/** The broker refused or can't be reached, or an embedded one can't listen. Code `ERR_BROKER_…`. */
export class BrokerError extends MinspnetError {}

/** The outbox or the state directory can't be used. Code `ERR_STATE_…`. */
export class StateError extends MinspnetError {}

/** A setting that is wrong. Code `ERR_CONFIG_…`. */
export class ConfigError extends MinspnetError {}

/** A board does not do what it was asked for, or does not answer. Code `ERR_REQUEST_…`. */
export class RequestError extends MinspnetError {}

/** A model can't be taught of these pictures, or not now. Code `ERR_TEACH_…`. */
export class TeachError extends MinspnetError {}

/** The class of each error by the second word of its code. */
const classes: Record<string, typeof MinspnetError> = {
  SOURCE: SourceError,
  MODEL: ModelError,
  ENGINE: EngineError,
  BROKER: BrokerError,
  STATE: StateError,
  CONFIG: ConfigError,
  REQUEST: RequestError,
  TEACH: TeachError,
};

/** Anything thrown, as an error that can be reported: ours as it is, a stranger's as a bug with its cause. */
export function asMinspnetError(thrown: unknown): MinspnetError {
  if (thrown instanceof MinspnetError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new MinspnetError('ERR_INTERNAL', 'internal', message, { cause: thrown });
}

import { statSync } from 'node:fs';
import { constants } from 'node:os';
import {
  AVERROR_EXIT,
  AVERROR_HTTP_FORBIDDEN,
  AVERROR_HTTP_NOT_FOUND,
  AVERROR_HTTP_UNAUTHORIZED,
} from 'node-av/constants';
import { FFmpegError } from 'node-av/lib';
import { schemeOf } from '../../config/address.js';
import { maskUrl } from '../../config/mask.js';
import { type ExitReason, SourceError } from '../../contract/errors.js';
import type { FfmpegSource } from './source.js';

/** A {@link SourceError} whose message holds no password, whoever wrote the words that it quotes. */
export function sourceError(code: string, exit: ExitReason, message: string, cause?: unknown): SourceError {
  return new SourceError(code, exit, maskUrl(message), { cause });
}

/** What errors tell of a source. */
export type Named = Pick<FfmpegSource, 'url' | 'live' | 'format' | 'network'>;

/** What happened, and what to do about it. */
interface Meaning {
  code: string;
  exit: ExitReason;
  what: string;
  advice: string;
}

const {
  EACCES,
  EBUSY,
  ECONNREFUSED,
  EHOSTUNREACH,
  EINVAL,
  EISDIR,
  EMFILE,
  ENETUNREACH,
  ENFILE,
  ENODEV,
  ENOENT,
  ENOTTY,
  ENXIO,
  EPERM,
  EPROTONOSUPPORT,
  ETIMEDOUT,
} = constants.errno;

/**
 * One of FFmpeg's error codes in our words.
 *
 * @param code negative, as FFmpeg returns it
 * @param doing what could not be done: "can’t be opened"
 */
export function ffmpegError(source: Named, code: number, doing: string): SourceError {
  const meaning =
    processMeaning(code) ??
    (source.network ? networkMeaning(source, code) : source.live ? deviceMeaning(code) : fileMeaning(source, code));
  const text = FFmpegError.strerror(code);
  const {
    code: name,
    exit,
    what,
    advice,
  } = meaning ?? {
    code: 'ERR_SOURCE_OPEN',
    exit: 'source' as const,
    what: `${doing}: ${text}`,
    advice: source.live
      ? 'Check the address and that the camera is on'
      : 'Check that the file is whole, and a video or a picture',
  };
  return sourceError(name, exit, `source ${shown(source)} ${what}. ${advice}.`, FFmpegError.fromCode(code));
}

/** The error of a system call by its code, such as `ECONNREFUSED`, in the same words as FFmpeg's; undefined if it is none. */
export function systemError(source: Named, cause: unknown, doing: string): SourceError | undefined {
  const { code = '' } = cause as NodeJS.ErrnoException;
  const errno = constants.errno[code as keyof typeof constants.errno];
  return errno === undefined ? undefined : ffmpegError(source, -errno, doing);
}

/** The error of a program that can't be started, though it is there. */
export function programError(program: string, cause: unknown): SourceError {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  const errno = constants.errno[code as keyof typeof constants.errno];
  const meaning = errno === undefined ? undefined : processMeaning(-errno);
  const { what, advice } = meaning ?? { what: `can’t be started: ${message}`, advice: 'Try it in a shell' };
  return sourceError(meaning?.code ?? 'ERR_SOURCE_PROGRAM', 'source', `${program} ${what}. ${advice}.`, cause);
}

/** The source as it may stand in a message, before it is masked. */
export function shown({ url, format }: Named): string {
  return format === undefined ? url : `${format}:${url}`;
}

/** What has nothing to do with the source. */
function processMeaning(code: number): Meaning | undefined {
  if (code !== -EMFILE && code !== -ENFILE) return undefined;
  return {
    code: 'ERR_SOURCE_DESCRIPTORS',
    exit: 'source',
    what: `can’t be opened: ${code === -EMFILE ? 'this process' : 'this system'} has as many files open as it may`,
    advice: 'Raise the limit (LimitNOFILE= of the service, `ulimit -n` of a shell), or use fewer cameras',
  };
}

function networkMeaning({ url, network }: Named, code: number): Meaning | undefined {
  const seconds = (network?.timeoutMs ?? 0) / 1000;
  const unreachable = (what: string, advice: string): Meaning => {
    return { code: 'ERR_SOURCE_UNREACHABLE', exit: 'unreachable', what, advice };
  };
  switch (code) {
    case AVERROR_HTTP_UNAUTHORIZED:
    case AVERROR_HTTP_FORBIDDEN:
      return {
        code: 'ERR_SOURCE_LOGIN',
        exit: 'permission',
        what: 'refuses the user name or the password',
        advice: 'Set network.username and network.password (as a !secret), or write them into the address',
      };
    case AVERROR_HTTP_NOT_FOUND:
      return {
        code: 'ERR_SOURCE_MISSING',
        exit: 'input',
        what: 'has nothing at that path',
        advice: 'Look the path of the stream up in the camera’s manual',
      };
    case AVERROR_EXIT:
    case -ETIMEDOUT:
      return {
        ...unreachable(`said nothing for ${seconds} s`, 'Check that the camera is on, or raise network.timeoutSeconds'),
        code: 'ERR_SOURCE_TIMEOUT',
      };
    case -ECONNREFUSED:
      return unreachable('refuses the connection', `Check the port, and that ${schemeOf(url)}// is switched on there`);
    case -EPROTONOSUPPORT:
      return {
        code: 'ERR_SOURCE_TRANSPORT',
        exit: 'source',
        what: 'refuses the transport of RTSP',
        advice: 'Leave network.transport out: then TCP and UDP are tried',
      };
    case -EHOSTUNREACH:
    case -ENETUNREACH:
      return unreachable('can’t be reached', 'Check the network between this board and the camera');
  }
  return undefined;
}

function deviceMeaning(code: number): Meaning | undefined {
  switch (code) {
    case -ENOENT:
    case -ENODEV:
    case -ENXIO:
      return {
        code: 'ERR_SOURCE_MISSING',
        exit: 'input',
        what: 'is not there',
        advice: 'Plug the camera in; `minspnet cameras` lists what there is',
      };
    case -EACCES:
    case -EPERM:
      return {
        code: 'ERR_SOURCE_ACCESS',
        exit: 'permission',
        what: 'may not be used by this user',
        advice: 'Join the group video: sudo usermod -aG video USER, then log in again',
      };
    case -EBUSY:
      return {
        code: 'ERR_SOURCE_BUSY',
        exit: 'source',
        what: 'is in use',
        advice:
          'Another program holds the camera (`fuser` names it): stop it, or ask a node that is running for a snapshot',
      };
    case -ENOTTY:
      return {
        code: 'ERR_SOURCE_OPEN',
        exit: 'source',
        what: 'is no camera',
        advice: '`minspnet cameras` lists those that there are',
      };
    case -EINVAL:
      return {
        code: 'ERR_SOURCE_FORMAT',
        exit: 'source',
        what: 'has no such format',
        advice: '`minspnet cameras` lists them; v4l2.format: auto takes what there is',
      };
  }
  return undefined;
}

function fileMeaning({ url }: Named, code: number): Meaning | undefined {
  if (code === -ENOENT)
    return { code: 'ERR_SOURCE_MISSING', exit: 'input', what: 'does not exist', advice: 'Check the path' };
  if (code === -EACCES)
    return { code: 'ERR_SOURCE_ACCESS', exit: 'input', what: 'may not be read by this user', advice: 'See `ls -l`' };
  if (code === -EISDIR) {
    const advice = 'Name a video or a picture in it; `minspnet detect` takes several: FOLDER/*.jpg';
    return { code: 'ERR_SOURCE_OPEN', exit: 'source', what: 'is a folder', advice };
  }
  // FFmpeg calls it invalid data, as it does a text.
  if (statSync(url, { throwIfNoEntry: false })?.size === 0)
    return { code: 'ERR_SOURCE_OPEN', exit: 'source', what: 'is empty', advice: 'Check what was to write it' };
  return undefined;
}

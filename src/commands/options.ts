import { readFileSync } from 'node:fs';
import type { SettingPath } from '../config/path.js';
import type { Override } from '../config/problem.js';

/** What `minspnet run` can be told; {@link runOverrides} makes settings of it. */
export interface RunOptions {
  /** The settings file. */
  config?: string;
  /** One camera with this source, in place of all cameras of the file. */
  source?: string;
  /** A file starts over when it ends; only with `source`. */
  loop?: boolean;
  /** Only with `source`. */
  pace?: string;
  /** A broker's URL. */
  mqtt?: string;
  /** The name of a model that we ship, or a folder. */
  model?: string;
  /** False after `--no-colour`. */
  colour: boolean;
}

/** What `minspnet detect` can be told. */
export interface DetectOptions {
  /** The settings file: where added models lie, and what the runtime may use. */
  config?: string;
  /** One JSON line a picture in place of text. */
  json: boolean;
  /** The folder that pictures with boxes are written to. */
  annotate?: string;
  /** The name of a model that we ship, or a folder. */
  model?: string;
  precision?: 'fp32' | 'int8';
  /** Of the network's input: width and height, pixels. */
  size?: [number, number];
  /** 0..1; default: the model card's. */
  minScore?: number;
}

/** What `minspnet embed` can be told. */
export interface EmbedOptions {
  /** The settings file: where the taught models lie, and what the runtime may use. */
  config?: string;
  /** A model's name or folder. */
  model?: string;
  precision?: 'fp32' | 'int8';
  /** Of the network's input: width and height, pixels. */
  size?: [number, number];
}

/** What `minspnet classify` can be told. */
export interface ClassifyOptions extends EmbedOptions {
  /** One JSON line a picture in place of text. */
  json: boolean;
  /** So many classes are said of a picture. */
  top: number;
}

/** What `minspnet segment` can be told. */
export interface SegmentOptions {
  /** The settings file: where added models lie, and what the runtime may use. */
  config?: string;
  /** One JSON line a picture in place of text. */
  json: boolean;
  /** The folder that pictures with the classes' colours are written to. */
  annotate?: string;
  /** The folder that label maps are written to. */
  labels?: string;
  /** A model's name or folder. */
  model?: string;
  precision?: 'fp32' | 'int8';
  /** Of the network's input: width and height, pixels. */
  size?: [number, number];
}

/** What `minspnet model check` can be told. */
export interface ModelCheckOptions {
  /** The settings file: where added models lie, and what the runtime may use. */
  config?: string;
  /** One of its files; default: each. */
  precision?: 'fp32' | 'int8';
  /** Of the network's input: width and height, pixels. */
  size?: [number, number];
}

/** The name of a camera that the command line makes. */
export const argumentCamera = 'camera';

/** The settings that the options of `run` give, strongest of all layers. */
export function runOverrides(options: RunOptions): Override[] {
  const overrides: Override[] = [];
  const set = (name: string, path: SettingPath, value: unknown): void => {
    if (value !== undefined) overrides.push({ origin: { kind: 'argument', name }, path, value });
  };
  if (options.source !== undefined) set('--source', ['cameras'], { [argumentCamera]: { source: options.source } });
  set('--loop', ['cameras', argumentCamera, 'loop'], options.loop);
  set('--pace', ['cameras', argumentCamera, 'pace'], options.pace);
  set('--mqtt', ['mqtt', 'url'], options.mqtt);
  set('--model', ['model', 'path'], options.model);
  return overrides;
}

/** What package.json calls this version. Seen from dist/src/commands. */
export function ownVersion(): string {
  return JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')).version;
}

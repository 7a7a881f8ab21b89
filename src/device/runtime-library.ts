import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RuntimeSettings } from '../config/schema.js';
import { ConfigError } from '../contract/errors.js';

/**
 * The environment of a process that is to run on the ONNX Runtime library that the settings name. onnxruntime-node's
 * binding asks for `libonnxruntime.so.1`, and looks beside itself first; one that is preloaded has that name already
 * (its soname, whatever its file is called), so nothing else is looked for, and no file of a package is touched.
 */
export function libraryEnvironment(
  { library }: Pick<RuntimeSettings, 'library'>,
  environment: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  if (library === undefined) return environment;
  const preloaded = [library, environment.LD_PRELOAD].filter(Boolean).join(':');
  return { ...environment, LD_PRELOAD: preloaded };
}

/** Programs that this process starts need no neural network. */
export function keepLibraryFromChildren({ library }: Pick<RuntimeSettings, 'library'>): void {
  const rest = process.env.LD_PRELOAD?.split(':').filter((path) => path !== library && path !== '') ?? [];
  if (rest.length > 0) process.env.LD_PRELOAD = rest.join(':');
  else delete process.env.LD_PRELOAD;
}

/** The ONNX Runtime library that this process has loaded; undefined before, and where the kernel doesn't say. */
export function loadedLibrary(maps = '/proc/self/maps'): string | undefined {
  if (!existsSync(maps)) return undefined;
  return /\s(\/\S.*\/libonnxruntime\.so[^/\n]*)$/m.exec(readFileSync(maps, 'utf8'))?.[1];
}

/**
 * That the named library is the one that runs: the dynamic linker passes over one that it can't preload with a line on
 * stderr, and the one of the package would run in its place.
 *
 * @throws {ConfigError} ERR_CONFIG_LIBRARY
 */
export function requireLibrary({ library }: Pick<RuntimeSettings, 'library'>): void {
  if (library === undefined) return;
  if (!existsSync(library)) throw unusable(library, 'there is no such file');
  const loaded = loadedLibrary();
  if (loaded !== realpathSync(library)) throw unusable(library, `${loaded ?? 'no ONNX Runtime'} was loaded instead`);
}

export function unusable(library: string, why: string, cause?: unknown): ConfigError {
  const advice =
    'It has to be a libonnxruntime.so for this processor, of the version that npm ls onnxruntime-node shows.';
  const what = `runtime.library ${library} can’t be used: ${why}. ${advice} See docs/jetson.md.`;
  return new ConfigError('ERR_CONFIG_LIBRARY', 'config', what, { cause });
}

/** Providers that a library may load from files beside it. */
export type LoadableProvider = 'cuda' | 'tensorrt';

/** The file that holds a provider, if it lies beside the library. */
export function providerFile(provider: LoadableProvider, library = loadedLibrary()): string | undefined {
  if (library === undefined) return undefined;
  const file = join(dirname(library), `libonnxruntime_providers_${provider}.so`);
  return existsSync(file) ? file : undefined;
}

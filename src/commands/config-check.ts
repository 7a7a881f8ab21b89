import { findSettingsFile, loadSettings } from '../config/load.js';
import { ConfigError, exitCodes } from '../contract/errors.js';

/** `minspnet config check [FILE]`: says whether a file is good, whatever this machine's environment would change. */
export async function configCheck(file: string | undefined): Promise<number> {
  const name = file ?? findSettingsFile();
  if (name === undefined) {
    throw new ConfigError('ERR_CONFIG_FILE', 'input', 'no settings file was named, and there is none to be found');
  }
  const { missingSecrets } = loadSettings({
    file: name,
    environment: secretsOf(process.env),
    allowMissingSecrets: true,
  });
  process.stdout.write(`${name}: no errors\n`);
  for (const secret of missingSecrets) {
    process.stdout.write(`${name}: note: the secret "${secret}" is not here; it must be where the node runs\n`);
  }
  return exitCodes.ok;
}

/** The environment without its settings, so that only the file is judged. */
function secretsOf(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name]) => !name.startsWith('MINSPNET_') || name.startsWith('MINSPNET_SECRET_'),
    ),
  );
}

import { settingsJsonSchema } from '../config/json-schema.js';
import { exitCodes } from '../contract/errors.js';

/** `minspnet config schema`: the JSON Schema of a settings file, for editors. */
export async function configSchema(): Promise<number> {
  process.stdout.write(`${JSON.stringify(settingsJsonSchema(), null, 2)}\n`);
  return exitCodes.ok;
}

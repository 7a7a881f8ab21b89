import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const pair = generateKeyPairSync('ed25519');

/** For `model.keys`. */
export const offerKey = pair.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64');
export const stranger = generateKeyPairSync('ed25519').privateKey;

/** Writes a card and its signature, as whoever offers a model does. */
export async function signCard(folder: string, card: object, by: KeyObject = pair.privateKey): Promise<void> {
  const text = Buffer.from(JSON.stringify(card));
  await writeFile(join(folder, 'card.json'), text);
  await writeFile(join(folder, 'card.json.sig'), `${sign(null, text, by).toString('base64')}\n`);
}

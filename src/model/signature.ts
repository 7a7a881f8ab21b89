import { createPublicKey, type KeyObject, verify } from 'node:crypto';

/** What an ed25519 key has before its 32 bytes in DER (SubjectPublicKeyInfo, RFC 8410). */
const derPrefix = Buffer.from('302a300506032b6570032100', 'hex');
const keyBytes = 32;
const signatureBytes = 64;

/** @param text base64 of the 32 bytes. @returns undefined if it is none */
export function publicKeyOf(text: string): KeyObject | undefined {
  const raw = Buffer.from(text, 'base64');
  if (raw.length !== keyBytes || raw.toString('base64') !== text) return undefined;
  return createPublicKey({ key: Buffer.concat([derPrefix, raw]), format: 'der', type: 'spki' });
}

/**
 * Whether one of the keys has signed the bytes.
 *
 * @param signature base64 of the 64 bytes of an ed25519 signature; spaces around it are passed over
 * @param keys as {@link publicKeyOf} takes them
 */
export function isSigned(bytes: Uint8Array, signature: string, keys: readonly string[]): boolean {
  const raw = Buffer.from(signature.trim(), 'base64');
  if (raw.length !== signatureBytes) return false;
  return keys.some((text) => {
    const key = publicKeyOf(text);
    return key !== undefined && verify(null, bytes, key, raw);
  });
}

// fast-check: finds the odd input, and shrinks it to what matters of it.
import fc from 'fast-check';
import { requestNames } from '../../src/contract/request.js';
import type { IncomingMessage } from '../../src/session/session.js';

const valid: Record<string, unknown>[] = [
  { camera: 'door', enabled: false },
  { camera: 'door', fps: 5 },
  { camera: 'door', minScore: 0.5 },
  { camera: 'door' },
  {},
  { model: 'minspnet-n', precision: 'int8' },
];

/** A valid request with one field changed, left out, or added. */
const mutatedObject = fc
  .tuple(
    fc.constantFrom(...valid),
    fc.constantFrom('camera', 'enabled', 'fps', 'minScore', 'model', 'precision', 'transaction', '__proto__', 'x'),
    fc.option(fc.jsonValue(), { nil: undefined }),
  )
  .map(([base, key, value]) => JSON.stringify(Object.defineProperty({ ...base }, key, { value, enumerable: true })));

/** The bytes of a request, some of them changed or cut off. */
const mutatedBytes = fc
  .tuple(fc.constantFrom(...valid), fc.nat(), fc.nat({ max: 255 }), fc.nat())
  .map(([base, at, byte, length]) => {
    const bytes = Buffer.from(JSON.stringify(base));
    bytes[at % bytes.length] = byte;
    return bytes.subarray(0, length % (bytes.length + 1));
  });

export const payloads: fc.Arbitrary<Buffer> = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.json().map((text) => Buffer.from(text)),
  fc.string({ maxLength: 200 }).map((text) => Buffer.from(text)),
  { weight: 4, arbitrary: mutatedObject.map((text) => Buffer.from(text)) },
  mutatedBytes,
  fc.constantFrom('[', '{"a":', '"').map((start) => Buffer.from(start.repeat(8000))),
);

/** A level of a topic that a client may publish to. */
export const names: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<string>(...requestNames) },
  { weight: 1, arbitrary: fc.string({ maxLength: 80 }).map((text) => text.replace(/[+#/\0\ud800-\udfff]/gu, '_')) },
);

/** Whatever a broker may bring. */
export const messages = (root: string): fc.Arbitrary<IncomingMessage> =>
  fc.record(
    {
      topic: names.map((name) => root + name),
      payload: payloads,
      retain: fc.constantFrom(...Array(9).fill(false), true),
      responseTopic: fc.oneof(fc.string(), fc.constantFrom('answers/me', `${root}x`, '$SYS/x', 'a/+')),
      correlationData: fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
    },
    { requiredKeys: ['topic', 'payload', 'retain'] },
  );

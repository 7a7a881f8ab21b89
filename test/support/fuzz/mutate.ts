/** Values that parsers stumble over. */
const awkward = [0x00, 0x01, 0x7f, 0x80, 0xff];

/** One to eight changes of the bytes: bits, bytes, pieces that go, come twice, or change places. */
export function mutate(bytes: Uint8Array, random: () => number): Buffer {
  let result = Buffer.from(bytes);
  const below = (limit: number) => Math.floor(random() * Math.max(1, limit));
  for (let changes = 1 + below(8); changes > 0; changes--) {
    const at = below(result.length);
    const length = 1 + below(Math.min(64, result.length - at));
    const piece = result.subarray(at, at + length);
    switch (below(6)) {
      case 0:
        if (result.length > 0) result[at] = (result[at] ?? 0) ^ (1 << below(8));
        break;
      case 1:
        if (result.length > 0) result[at] = awkward[below(awkward.length)] ?? 0;
        break;
      case 2:
        result = Buffer.concat([result.subarray(0, at), result.subarray(at + length)]);
        break;
      case 3:
        result = Buffer.concat([result.subarray(0, at), piece, piece, result.subarray(at + length)]);
        break;
      case 4:
        result = result.subarray(0, at + 1);
        break;
      default: {
        const noise = Buffer.from(Array.from({ length }, () => below(256)));
        result = Buffer.concat([result.subarray(0, at), noise, result.subarray(at + length)]);
      }
    }
  }
  return result;
}

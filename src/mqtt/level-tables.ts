import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** At the end of a table: two places, and a number that says what it is. */
const footerBytes = 48;
const magic = 0xdb4775248b80fb57n;
/** Behind a block: how it is compressed, and its checksum. */
const trailerBytes = 5;
const uncompressed = 0;

interface Block {
  offset: number;
  size: number;
}

/**
 * The tables of a LevelDB database with a block that is not as it was written. LevelDB does not look at the checksums of
 * its tables by default, and a flipped bit in one ends the process by an assertion. A table whose index is compressed
 * counts as good: ours are not.
 *
 * The format: https://github.com/google/leveldb/blob/main/doc/table_format.md
 */
export async function damagedTables(directory: string): Promise<string[]> {
  const damaged: string[] = [];
  for (const name of await readdir(directory).catch(() => [])) {
    if (/\.(ldb|sst)$/.test(name) && !isIntact(await readFile(join(directory, name)))) damaged.push(name);
  }
  return damaged;
}

function isIntact(table: Buffer): boolean {
  try {
    if (table.readBigUInt64LE(table.length - 8) !== magic) return false;
    const footer = new Reader(table, table.length - footerBytes);
    const indexes = [footer.block(), footer.block()];
    return indexes.every((index) => {
      if (!holdsChecksum(table, index)) return false;
      if (table[index.offset + index.size] !== uncompressed) return true;
      return blocksOf(table, index).every((block) => holdsChecksum(table, block));
    });
  } catch (error) {
    if (error instanceof RangeError) return false; // a place outside the file
    throw error;
  }
}

/** The blocks that an index names. */
function blocksOf(table: Buffer, { offset, size }: Block): Block[] {
  const restarts = table.readUInt32LE(offset + size - 4);
  const end = offset + size - 4 * (restarts + 1);
  const reader = new Reader(table, offset);
  const blocks: Block[] = [];
  while (reader.place < end) {
    reader.number(); // what the key shares with the one before
    const keyBytes = reader.number();
    const valueBytes = reader.number();
    reader.place += keyBytes;
    const next = reader.place + valueBytes;
    blocks.push(reader.block());
    reader.place = next;
  }
  return blocks;
}

function holdsChecksum(table: Buffer, { offset, size }: Block): boolean {
  const end = offset + size + 1; // the kind of compression counts
  if (end + 4 > table.length) return false;
  const crc = crc32c(table.subarray(offset, end));
  const masked = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  return table.readUInt32LE(offset + size + trailerBytes - 4) === masked;
}

class Reader {
  constructor(
    private readonly bytes: Buffer,
    public place: number,
  ) {}

  /** Seven bits a byte, the lowest first. */
  number(): number {
    for (let value = 0, scale = 1; ; scale *= 128) {
      const byte = this.bytes.readUInt8(this.place++);
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  block(): Block {
    return { offset: this.number(), size: this.number() };
  }
}

const crcOfByte = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** Castagnoli's; Node has only the other one. */
function crc32c(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (crcOfByte[(crc ^ byte) & 255] ?? 0);
  return ~crc >>> 0;
}

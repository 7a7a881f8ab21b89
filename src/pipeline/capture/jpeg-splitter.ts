const [soi, eoi, sos] = [0xd8, 0xd9, 0xda];

/** The largest JPEG that is believed, bytes. */
const maxBytes = 32 * 1024 * 1024;

/**
 * Cuts JPEGs out of a stream of bytes by their own markers (ITU-T T.81, annex B). What a camera writes between them, and
 * says of them, is not read: boundaries that are announced wrongly, lengths that are wrong or zero, types that don't
 * exist. A thumbnail within a picture's EXIF is skipped with its segment.
 */
export class JpegSplitter {
  /** Pictures that were cut off by the next one. */
  damaged = 0;
  #bytes = Buffer.alloc(256 * 1024);
  #length = 0;
  /** Where it is read on; the picture begins at 0. */
  #at = 0;
  #where: 'between' | 'segment' | 'pixels' = 'between';
  /** A camera that never says where a picture ends; each is given when the next one begins. */
  #hasEnds = false;

  /** @returns the pictures that are whole now; @throws {RangeError} if one has no end */
  push(chunk: Uint8Array): Buffer[] {
    if (this.#length + chunk.length > maxBytes) throw new RangeError('no JPEG ends');
    if (this.#length + chunk.length > this.#bytes.length) {
      const larger = Buffer.alloc(2 * (this.#length + chunk.length));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    this.#bytes.set(chunk, this.#length);
    this.#length += chunk.length;
    const whole: Buffer[] = [];
    for (let one = this.#next(); one !== undefined; one = this.#next()) whole.push(one);
    return whole;
  }

  /** At the end of the stream: a picture that only lacks its end. */
  end(): Buffer | undefined {
    return this.#where === 'pixels' && !this.#hasEnds ? this.#take(this.#length) : undefined;
  }

  /** The next whole picture, or undefined until there are more bytes. */
  #next(): Buffer | undefined {
    for (;;) {
      const bytes = this.#bytes.subarray(0, this.#length);
      if (this.#where === 'between') {
        if (!this.#begin(bytes)) return undefined;
        continue;
      }
      if (this.#where === 'pixels') this.#at = nextMarker(bytes, this.#at);
      if (this.#at + 1 >= this.#length) return undefined;
      const marker = bytes[this.#at + 1] ?? 0;
      if (bytes[this.#at] !== 0xff) this.#damaged();
      else if (marker === 0xff) this.#at += 1;
      else if (marker === eoi) {
        this.#hasEnds = true;
        return this.#take(this.#at + 2);
      } else if (marker === soi) {
        const isGiven = this.#where === 'pixels' && !this.#hasEnds;
        if (isGiven) return this.#take(this.#at);
        this.#damaged();
      } else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) this.#at += 2;
      else {
        if (this.#at + 3 >= this.#length) return undefined;
        this.#at += 2 + bytes.readUInt16BE(this.#at + 2);
        this.#where = marker === sos ? 'pixels' : 'segment';
      }
    }
  }

  /** Goes on to the next picture's beginning. */
  #begin(bytes: Buffer): boolean {
    const start = bytes.indexOf(Buffer.from([0xff, soi, 0xff]));
    if (start < 0) {
      this.#drop(Math.max(0, this.#length - 2)); // half of a beginning may be there
      return false;
    }
    this.#drop(start);
    this.#at = 2;
    this.#where = 'segment';
    return true;
  }

  /** The picture is none: the next one is looked for. */
  #damaged(): void {
    this.damaged += 1;
    this.#drop(this.#at);
  }

  #take(end: number): Buffer {
    const picture = Buffer.from(this.#bytes.subarray(0, end));
    this.#drop(end);
    return picture;
  }

  #drop(count: number): void {
    this.#bytes.copyWithin(0, count, this.#length);
    this.#length -= count;
    this.#at = 0;
    this.#where = 'between';
  }
}

/** Where the next marker is behind pixels: 0xFF stands for itself there if 0 follows, and restarts are no end. */
function nextMarker(bytes: Buffer, from: number): number {
  for (let at = from; ; at += 2) {
    at = bytes.indexOf(0xff, at);
    if (at < 0) return Math.max(from, bytes.length);
    const next = bytes[at + 1];
    if (next === undefined) return at;
    if (next !== 0 && (next < 0xd0 || next > 0xd7)) return at;
  }
}

import { AV_BUFFERSRC_FLAG_KEEP_REF, AV_FRAME_DATA_DISPLAYMATRIX } from 'node-av/constants';
import { FFmpegError, FilterGraph, Frame } from 'node-av/lib';

/**
 * FFmpeg's filters for the ways in which a stored picture may lie, by the signs of a, b, c and d in its display matrix
 * (x' = a x + c y, y' = b x + d y; y goes down). The numbers are those of EXIF's Orientation (CIPA DC-008, 4.6.4).
 * `vflip` alone would give rows that go upwards in memory.
 */
const filters = new Map<string, string>([
  ['-1,0,0,1', 'hflip'], // 2
  ['-1,0,0,-1', 'vflip,hflip'], // 3
  ['1,0,0,-1', 'vflip,copy'], // 4
  ['0,1,1,0', 'transpose=cclock_flip'], // 5
  ['0,1,-1,0', 'transpose=clock'], // 6
  ['0,-1,-1,0', 'transpose=clock_flip'], // 7
  ['0,-1,1,0', 'transpose=cclock'], // 8
]);

/**
 * Turns pictures as every player shows them. Phones write what the sensor gives and how the phone was held: a display
 * matrix in a video, EXIF's Orientation in a picture, `irot` and `imir` in HEIF. FFmpeg hands them all on as a display
 * matrix. A turned picture of 1920x1080 costs some 3 ms.
 */
export class Uprighter implements Disposable {
  #graph: FilterGraph | undefined;
  #key = '';
  #turned: Frame | undefined;

  /** The picture upright: the same frame if it is already, else one of our own, valid until the next call. */
  turn(frame: Frame): Frame {
    const filter = filterOf(frame);
    if (filter === undefined) return frame;
    const graph = this.#prepare(frame, filter);
    const ends = graph.filters ?? [];
    const input = ends.find(({ nbInputs }) => nbInputs === 0);
    const output = ends.find(({ nbOutputs }) => nbOutputs === 0);
    this.#turned?.free();
    this.#turned = new Frame();
    this.#turned.alloc();
    FFmpegError.throwIfError(
      input?.buffersrcAddFrameSync(frame, AV_BUFFERSRC_FLAG_KEEP_REF) ?? -1,
      'turning a picture',
    );
    FFmpegError.throwIfError(output?.buffersinkGetFrameSync(this.#turned) ?? -1, 'turning a picture');
    this.#turned.removeSideData(AV_FRAME_DATA_DISPLAYMATRIX);
    return this.#turned;
  }

  [Symbol.dispose](): void {
    this.#graph?.free();
    this.#turned?.free();
    this.#graph = this.#turned = undefined;
    this.#key = '';
  }

  #prepare({ width, height, format, colorSpace, colorRange }: Frame, filter: string): FilterGraph {
    const picture = `width=${width}:height=${height}:pix_fmt=${format}:colorspace=${colorSpace}:range=${colorRange}`;
    const description = `buffer=${picture}:time_base=1/1000,${filter},buffersink`;
    if (this.#graph !== undefined && description === this.#key) return this.#graph;
    this.#graph?.free();
    this.#graph = new FilterGraph();
    this.#graph.alloc();
    this.#graph.nbThreads = 1; // the other cores have work
    FFmpegError.throwIfError(this.#graph.parsePtr(description), 'preparing to turn pictures');
    FFmpegError.throwIfError(this.#graph.configSync(), 'preparing to turn pictures');
    this.#key = description;
    return this.#graph;
  }
}

/** Whether the picture lies on its side: as it is shown, its width is its height. */
export function isOnItsSide(frame: Frame): boolean {
  return filterOf(frame)?.startsWith('transpose') ?? false;
}

/** The filter that turns it; undefined if it is upright, or turned by something that is no quarter. */
function filterOf(frame: Frame): string | undefined {
  const matrix = frame.getSideData(AV_FRAME_DATA_DISPLAYMATRIX); // nine numbers: a b u, c d v, x y w
  if (matrix === null) return undefined;
  return filters.get([0, 4, 12, 16].map((at) => Math.sign(Math.round(matrix.readInt32LE(at) / 65536))).join());
}

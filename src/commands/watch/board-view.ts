import { stripVTControlCharacters } from 'node:util';
import type { NodeEvent, NodeGap, NodeState } from '../../client/index.js';
import { describeEvent } from '../../contract/event.js';

const bold = (text: string) => `\u001b[1m${text}\u001b[22m`;
const dim = (text: string) => `\u001b[2m${text}\u001b[22m`;

interface CameraRow {
  state: string;
  counts: string;
  events: number;
  missing: number;
  /** Capture to here, ms; of the newest event that did not wait in an outbox. */
  delayMs: number | undefined;
}

/** Kept so that a terminal of any height can be filled. */
const keptEvents = 200;

/** What is known of all boards, as lines of a terminal. */
export class BoardView {
  readonly #status = new Map<string, string>();
  readonly #cameras = new Map<string, CameraRow>();
  readonly #events: string[] = [];
  #notice = '';

  /** @param source where it comes from, shown in the first line */
  constructor(private readonly source: string) {}

  status({ node, status }: { node: string; status: string }): void {
    this.#status.set(node, status);
  }

  cameraState({ node, camera, counts }: NodeState<'cameraState'>): void {
    const present = Object.entries(counts).filter(([, count]) => count > 0);
    this.#row(node, camera).counts = present.map(([name, count]) => `${count} ${name}`).join(', ');
  }

  cameraStatus({ node, camera, state }: NodeState<'cameraStatus'>): void {
    this.#row(node, camera).state = state;
  }

  /** @param at UTC, ms: when it came */
  message(message: NodeEvent | NodeGap, at: number): void {
    const { node, camera } = message;
    const row = this.#row(node, camera);
    const time = new Date(at).toTimeString().slice(0, 8);
    if (message.type === 'gap') {
      row.missing += message.to - message.from + 1;
      this.#events.push(
        `${dim(time)} ${node} ${camera}: events ${message.from} to ${message.to} are missing (${message.reason})`,
      );
    } else {
      row.events++;
      if (!message.replayed) row.delayMs = at - Date.parse(message.capturedAt);
      this.#events.push(`${dim(time)} ${node} ${describeEvent(message)}${message.replayed ? dim(' replayed') : ''}`);
    }
    if (this.#events.length > keptEvents) this.#events.shift();
  }

  /** The last line: what is wrong; nothing where all is well. */
  notice(text: string): void {
    this.#notice = text;
  }

  /** @param rows lines that there is room for */
  lines(columns: number, rows: number): string[] {
    const online = [...this.#status.values()].filter((status) => status === 'online').length;
    const table = [['board', 'camera', 'state', 'events', 'missing', 'delay', 'in view']];
    for (const [key, { state, counts, events, missing, delayMs }] of [...this.#cameras].sort(([a], [b]) =>
      a < b ? -1 : 1,
    )) {
      const [node = '', camera = ''] = key.split('/');
      const there = this.#status.get(node) === 'offline' ? 'offline' : state;
      const delay = delayMs === undefined ? '' : `${Math.round(delayMs)} ms`;
      table.push([node, camera, there, String(events), String(missing), delay, counts]);
    }
    const head = [
      bold(`${this.source}  ${online} of ${this.#status.size} boards online, ${this.#cameras.size} cameras`),
      ...align(table).map((line, index) => (index === 0 ? dim(line) : line)),
      '',
    ];
    const foot = this.#notice === '' ? [] : [this.#notice];
    const room = Math.max(0, rows - head.length - foot.length);
    const events = room === 0 ? [] : this.#events.slice(-room);
    return [...head, ...events, ...foot].slice(0, rows).map((line) => cut(line, columns));
  }

  #row(node: string, camera: string): CameraRow {
    const key = `${node}/${camera}`;
    let row = this.#cameras.get(key);
    if (row === undefined) {
      row = { state: '', counts: '', events: 0, missing: 0, delayMs: undefined };
      this.#cameras.set(key, row);
    }
    return row;
  }
}

function align(table: readonly string[][]): string[] {
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  return table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** A line that is too long loses its colours and its end. */
function cut(line: string, columns: number): string {
  const plain = stripVTControlCharacters(line);
  return plain.length <= columns ? line : `${plain.slice(0, Math.max(0, columns - 1))}…`;
}

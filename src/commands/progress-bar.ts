const width = 30;

/** One line that grows in a terminal; elsewhere a line for each part that begins. */
export class ProgressBar {
  #part = '';
  #shownAt = Number.NEGATIVE_INFINITY;

  /** @param verb begins the lines where there is no terminal */
  constructor(
    private readonly out: NodeJS.WriteStream,
    private readonly verb = 'measuring',
  ) {}

  /** @param done 0..1 */
  show(part: string, done: number): void {
    const isNew = part !== this.#part;
    this.#part = part;
    if (!this.out.isTTY) {
      if (isNew) this.out.write(`${this.verb} ${part} …\n`);
      return;
    }
    // Drawing costs CPU time, and must not be what is measured.
    const now = performance.now();
    if (!isNew && now - this.#shownAt < 200) return;
    this.#shownAt = now;
    const full = Math.round(width * Math.min(1, done));
    const bar = '█'.repeat(full) + '░'.repeat(width - full);
    this.out.write(`\r${part} ${bar} ${String(Math.round(100 * done)).padStart(3)} %\x1b[K`);
  }

  end(): void {
    if (this.out.isTTY && this.#part !== '') this.out.write('\r\x1b[K');
  }
}

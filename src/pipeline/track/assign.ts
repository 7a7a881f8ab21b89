/**
 * Rows to columns at the least total cost: the Hungarian method by shortest augmenting paths with potentials
 * (Jonker and Volgenant 1987), O(rows² x columns). Greedy matching swaps objects that cross; this doesn't.
 *
 * A cost of `limit` or more means "never". Every such cost is taken as `limit`, so that leaving a row unmatched
 * costs `limit`: the result is the best partial matching, not a full one with its bad pairs cut out.
 *
 * The buffers are kept, so that a frame allocates nothing once they have grown.
 */
export class Assignment {
  /** For each row its column, or -1. Valid until the next `solve`. */
  readonly columnOf: number[] = [];
  #costs = new Float64Array(0);
  #columns = 0;
  #rowPotential = new Float64Array(0);
  #columnPotential = new Float64Array(0);
  #distance = new Float64Array(0);
  #rowOf = new Int32Array(0);
  #previous = new Int32Array(0);
  #done = new Uint8Array(0);

  /** Makes room for a matrix; its old values are void. */
  resize(rows: number, columns: number): void {
    this.#columns = columns;
    if (this.#costs.length < rows * columns) this.#costs = new Float64Array(rows * columns);
  }

  set(row: number, column: number, cost: number): void {
    this.#costs[row * this.#columns + column] = cost;
  }

  solve(rows: number, columns: number, limit: number): readonly number[] {
    this.columnOf.length = rows;
    this.columnOf.fill(-1);
    if (rows === 0 || columns === 0) return this.columnOf;
    const wide = rows <= columns;
    const n = wide ? rows : columns;
    const m = wide ? columns : rows;
    const costs = this.#costs;
    const at = (i: number, j: number): number => {
      const cost = wide ? costs[(i - 1) * columns + j - 1] : costs[(j - 1) * columns + i - 1];
      return cost === undefined || !(cost < limit) ? limit : cost;
    };
    this.#augment(n, m, at);
    for (let j = 1; j <= m; j++) {
      const i = this.#rowOf[j] ?? 0;
      if (i === 0 || at(i, j) >= limit) continue;
      this.columnOf[wide ? i - 1 : j - 1] = wide ? j - 1 : i - 1;
    }
    return this.columnOf;
  }

  /** Needs n <= m. Rows and columns count from 1; 0 is the row to be placed next. */
  #augment(n: number, m: number, at: (i: number, j: number) => number): void {
    this.#clear(n, m);
    const u = this.#rowPotential;
    const v = this.#columnPotential;
    const distance = this.#distance;
    const rowOf = this.#rowOf;
    const previous = this.#previous;
    const done = this.#done;
    for (let i = 1; i <= n; i++) {
      rowOf[0] = i;
      distance.fill(Number.POSITIVE_INFINITY, 0, m + 1);
      done.fill(0, 0, m + 1);
      let j0 = 0;
      do {
        done[j0] = 1;
        const row = rowOf[j0] as number;
        let nearest = 0;
        let delta = Number.POSITIVE_INFINITY;
        for (let j = 1; j <= m; j++) {
          if (done[j]) continue;
          const reduced = at(row, j) - (u[row] as number) - (v[j] as number);
          if (reduced < (distance[j] as number)) {
            distance[j] = reduced;
            previous[j] = j0;
          }
          if ((distance[j] as number) < delta) {
            delta = distance[j] as number;
            nearest = j;
          }
        }
        for (let j = 0; j <= m; j++) {
          if (done[j]) {
            u[rowOf[j] as number] = (u[rowOf[j] as number] as number) + delta;
            v[j] = (v[j] as number) - delta;
          } else {
            distance[j] = (distance[j] as number) - delta;
          }
        }
        j0 = nearest;
      } while (rowOf[j0] !== 0);
      while (j0 !== 0) {
        const j1 = previous[j0] as number;
        rowOf[j0] = rowOf[j1] as number;
        j0 = j1;
      }
    }
  }

  #clear(n: number, m: number): void {
    if (this.#rowPotential.length <= n) this.#rowPotential = new Float64Array(2 * n + 1);
    if (this.#columnPotential.length <= m) {
      this.#columnPotential = new Float64Array(2 * m + 1);
      this.#distance = new Float64Array(2 * m + 1);
      this.#rowOf = new Int32Array(2 * m + 1);
      this.#previous = new Int32Array(2 * m + 1);
      this.#done = new Uint8Array(2 * m + 1);
    }
    this.#rowPotential.fill(0, 0, n + 1);
    this.#columnPotential.fill(0, 0, m + 1);
    this.#rowOf.fill(0, 0, m + 1);
  }
}

/** A value with the values that it had before: undo and redo. Immutable. */
export class History<Value> {
  /** More steps than anybody takes back, and little memory. */
  static readonly limit = 100;

  private constructor(
    readonly present: Value,
    readonly past: readonly Value[],
    readonly future: readonly Value[],
    /** What the present was made by: changes with the same name in a row are one step. */
    readonly gesture: string | undefined,
  ) {}

  static of<Value>(value: Value): History<Value> {
    return new History<Value>(value, [], [], undefined);
  }

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  get canRedo(): boolean {
    return this.future.length > 0;
  }

  /** A new present. `gesture` joins it with the step before where that was made by the same (one drag is one step). */
  change(value: Value, gesture?: string): History<Value> {
    if (value === this.present) return this;
    const isSameStep = gesture !== undefined && gesture === this.gesture;
    const past = isSameStep ? this.past : [...this.past, this.present].slice(-History.limit);
    return new History(value, past, [], gesture);
  }

  undo(): History<Value> {
    const last = this.past.at(-1);
    if (last === undefined) return this;
    return new History(last, this.past.slice(0, -1), [this.present, ...this.future], undefined);
  }

  redo(): History<Value> {
    const [next, ...rest] = this.future;
    if (next === undefined) return this;
    return new History(next, [...this.past, this.present], rest, undefined);
  }
}

/**
 * Whose turn it is: one after the other, one job each. A camera that always has work gets as many turns as every other
 * one that does, however much it has waiting.
 */
export class Turns<Job> {
  /** In the order of their turns: who has been served goes to the end. */
  readonly #waiting = new Map<string, Job[]>();

  add(owner: string, job: Job): void {
    const jobs = this.#waiting.get(owner);
    if (jobs === undefined) this.#waiting.set(owner, [job]);
    else jobs.push(job);
  }

  next(): Job | undefined {
    for (const [owner, jobs] of this.#waiting) {
      this.#waiting.delete(owner);
      const job = jobs.shift();
      if (jobs.length > 0) this.#waiting.set(owner, jobs);
      return job;
    }
    return undefined;
  }

  clear(): void {
    this.#waiting.clear();
  }
}

type Job = () => Promise<void>;

/**
 * What the network has to do: one job after the other, each owner in turn. An owner that always has jobs gets as many
 * turns as every other one that does, however many it has waiting.
 */
export class JobQueue {
  /** In the order of their turns: who has been served goes to the end. */
  readonly #waiting = new Map<string, Job[]>();
  #running: Promise<void> | undefined;
  /** What runs, and whose it is. */
  #current: { owner: string; over: Promise<void> } | undefined;
  #isStopped = false;

  /** @param failed is told of a job that rejected */
  constructor(private readonly failed: (error: unknown) => void) {}

  /** Jobs of all owners that wait. */
  get waiting(): number {
    let jobs = 0;
    for (const each of this.#waiting.values()) jobs += each.length;
    return jobs;
  }

  add(owner: string, job: Job): void {
    if (this.#isStopped) return;
    const jobs = this.#waiting.get(owner);
    if (jobs === undefined) this.#waiting.set(owner, [job]);
    else jobs.push(job);
    this.#running ??= this.#run();
  }

  /** Forgets what waits of an owner. Resolves when none of its jobs runs any more. */
  async drop(owner: string): Promise<void> {
    this.#waiting.delete(owner);
    if (this.#current?.owner === owner) await this.#current.over.catch(() => {}); // told to `failed`
  }

  /** Forgets what waits. Resolves when the job that runs is over. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#waiting.clear();
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      for (let next = this.#next(); next !== undefined; next = this.#next()) {
        const over = next.job();
        this.#current = { owner: next.owner, over };
        await over;
      }
    } catch (error) {
      this.failed(error);
    } finally {
      this.#running = undefined;
      this.#current = undefined;
    }
  }

  #next(): { owner: string; job: Job } | undefined {
    for (const [owner, jobs] of this.#waiting) {
      this.#waiting.delete(owner);
      const job = jobs.shift();
      if (jobs.length > 0) this.#waiting.set(owner, jobs);
      if (job !== undefined) return { owner, job };
    }
    return undefined;
  }
}

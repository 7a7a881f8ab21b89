import { asMinspnetError, RequestError } from '../contract/errors.js';
import type { HttpTask } from '../contract/http.js';

/** Something that takes minutes: it is begun, and asked for how it stands. */
export class LongTask {
  #state: HttpTask = { state: 'none', startedAt: null, endedAt: null, progress: null, result: null, error: null };

  /**
   * @param work ends soon after `signal` is aborted
   * @param isFree whether nothing else is being measured, which would spoil both
   */
  constructor(
    private readonly work: (onProgress: (progress: HttpTask['progress']) => void) => Promise<unknown>,
    private readonly isFree: () => boolean,
  ) {}

  get state(): HttpTask {
    return this.#state;
  }

  get isRunning(): boolean {
    return this.#state.state === 'running';
  }

  /** @throws {RequestError} ERR_REQUEST_BUSY */
  start(): HttpTask {
    if (!this.isFree()) {
      throw new RequestError(
        'ERR_REQUEST_BUSY',
        'usage',
        'the board is being measured already: wait until that is over',
      );
    }
    const startedAt = new Date().toISOString();
    this.#state = { state: 'running', startedAt, endedAt: null, progress: null, result: null, error: null };
    const end = (outcome: Pick<HttpTask, 'state' | 'result' | 'error'>) => {
      this.#state = { startedAt, endedAt: new Date().toISOString(), progress: null, ...outcome };
    };
    const onProgress = (progress: HttpTask['progress']) => {
      if (this.isRunning) this.#state = { ...this.#state, progress };
    };
    this.work(onProgress).then(
      (result) => end({ state: 'done', result, error: null }),
      (thrown) => {
        const { message, code } = asMinspnetError(thrown);
        end({ state: 'failed', result: null, error: { error: message, code } });
      },
    );
    return this.#state;
  }
}

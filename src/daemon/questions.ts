import { MinspnetError, SourceError } from '../contract/errors.js';
import type { Explanation } from '../contract/explanation.js';
import type { EngineFacts, FromEngine, ShownPicture, TakenPicture, ToEngine } from '../engine/protocol.js';

/** So long an answer may take; the engine itself gives up before. Milliseconds. */
const answerMs = 30_000;

/** A clip is an answer by being there. */
export type Answer = TakenPicture | ShownPicture | Explanation | EngineFacts | { kind: 'clip-made' };
type AnswerKind = 'picture' | 'shown' | 'clip-made' | 'explanation' | 'configured' | 'no-answer';

/** What an engine was asked for, and those who wait for the answer. */
export class Questions {
  /** By the id of their question. */
  readonly #waiting = new Map<number, (answer: Answer | MinspnetError) => void>();
  #last = 0;

  constructor(private readonly send: (question: ToEngine) => void) {}

  /**
   * @param isRunning false: nobody is there to answer
   * @param timeoutMs the engine itself gives up before
   * @throws {MinspnetError} what the engine says in place of an answer; `ERR_SOURCE_NO_PICTURE` if it says nothing
   */
  async ask<Wanted extends Answer>(
    isRunning: boolean,
    question: (id: number) => ToEngine,
    timeoutMs = answerMs,
  ): Promise<Wanted> {
    if (!isRunning) throw noEngine();
    const id = ++this.#last;
    const answer = await new Promise<Answer | MinspnetError>((resolve) => {
      const late = setTimeout(() => this.#settle(id, noAnswer(timeoutMs)), timeoutMs);
      this.#waiting.set(id, (answer) => {
        clearTimeout(late);
        resolve(answer);
      });
      this.send(question(id));
    });
    if (answer instanceof MinspnetError) throw answer;
    return answer as Wanted;
  }

  answered(message: Extract<FromEngine, { kind: AnswerKind }>): void {
    if (message.kind === 'no-answer') this.#settle(message.id, MinspnetError.revive(message.error));
    else if (message.kind === 'explanation') this.#settle(message.id, message.explanation);
    else this.#settle(message.id, message.kind === 'configured' ? message.facts : message);
  }

  /** The engine is gone, so nothing of it will be answered. */
  abandon(): void {
    for (const id of this.#waiting.keys()) this.#settle(id, noEngine());
  }

  #settle(id: number, answer: Answer | MinspnetError): void {
    this.#waiting.get(id)?.(answer);
    this.#waiting.delete(id);
  }
}

function noAnswer(timeoutMs: number): SourceError {
  const what = `the engine gave no answer within ${timeoutMs / 1000} s. Try again, and look at its state in health.`;
  return new SourceError('ERR_SOURCE_NO_PICTURE', 'source', what);
}

function noEngine(): SourceError {
  const what = 'no engine takes its pictures now: see its status. Try again.';
  return new SourceError('ERR_SOURCE_NO_PICTURE', 'source', what);
}

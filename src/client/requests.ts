import { RequestError } from '../contract/errors.js';
import type { RequestInput, RequestName, Response } from '../contract/request.js';

export interface RequestOptions {
  /** How long the board may take to answer, ms; 10,000. */
  timeoutMs?: number;
  /** The level that the board takes what changes something at: its setting `requests.changes`. None by default. */
  level?: string;
}

/** What a request is asked with: its data, which may be left out if it needs none. */
export type RequestArguments<Name extends RequestName> =
  Record<never, never> extends RequestInput<Name>
    ? [data?: RequestInput<Name>, options?: RequestOptions]
    : [data: RequestInput<Name>, options?: RequestOptions];

interface Pending {
  node: string;
  name: string;
  resolve: (data: unknown) => void;
  reject: (error: RequestError) => void;
  timer: ReturnType<typeof setTimeout>;
}

/** Requests that have not been answered yet, by their transaction. */
export class Requests {
  readonly #pending = new Map<string, Pending>();
  readonly #own: string;
  #count = 0;

  /** @param random as `Math.random`: others may ask the same node, and their answers are not ours */
  constructor(random: () => number) {
    this.#own = random().toString(36).slice(2, 10);
  }

  /** Chooses a transaction, has it sent, and resolves with the answer's data. */
  async ask(
    node: string,
    name: string,
    timeoutMs: number,
    send: (transaction: string) => Promise<void>,
  ): Promise<unknown> {
    const transaction = `${this.#own}-${++this.#count}`;
    const answer = new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(transaction);
        const message = `${node} did not answer the request ${name} within ${timeoutMs / 1000} s: is it online?`;
        reject(new RequestError('ERR_REQUEST_TIMEOUT', 'broker', message));
      }, timeoutMs);
      this.#pending.set(transaction, { node, name, resolve, reject, timer });
    });
    answer.catch(() => {}); // it may come, or be given up, while the request is still being sent
    const sent = send(transaction);
    sent.catch(() => {});
    try {
      await Promise.race([sent, answer]);
    } catch (error) {
      this.#settle(transaction);
      throw error;
    }
    return answer;
  }

  answered(node: string, { transaction, status, data, error }: Response): void {
    const pending = this.#pending.get(String(transaction));
    if (pending === undefined || pending.node !== node) return; // somebody else's
    this.#settle(String(transaction));
    if (status === 'ok') {
      pending.resolve(data);
      return;
    }
    const message = `${node} does not do ${pending.name}: ${error ?? 'it does not say why'}`;
    pending.reject(new RequestError('ERR_REQUEST_REFUSED', 'broker', message));
  }

  /** Nobody will answer any more. */
  end(): void {
    for (const [transaction, { name, reject }] of this.#pending) {
      this.#settle(transaction);
      reject(new RequestError('ERR_REQUEST_CLOSED', 'broker', `the client was closed before ${name} was answered`));
    }
  }

  #settle(transaction: string): void {
    clearTimeout(this.#pending.get(transaction)?.timer);
    this.#pending.delete(transaction);
  }
}

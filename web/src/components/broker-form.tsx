import { useState } from 'preact/hooks';
import type { BrokerTest, NewBroker } from '../../../src/contract/http.js';
import { useLanguage } from '../app/context.js';
import { ask } from '../board/http.js';
import { Failure } from './messages.js';
import { useTask } from './use-task.js';

const testMs = 30_000;

/** A broker's address, and whether it lets us in; it says each change, `ok` only for what was tested as it stands. */
export function BrokerForm({
  broker,
  onChange,
}: {
  broker: NewBroker;
  onChange(broker: NewBroker, isTested: boolean): void;
}) {
  const { t } = useLanguage();
  const [result, setResult] = useState<BrokerTest>();
  const task = useTask();
  const change = (part: Partial<NewBroker>) => {
    setResult(undefined);
    onChange({ ...broker, ...part }, false);
  };
  const test = () =>
    task.run(async () => {
      setResult(undefined);
      const body = cleaned(broker);
      const answer = await ask<BrokerTest>('/api/test-broker', { method: 'POST', body, timeoutMs: testMs });
      setResult(answer);
      onChange(broker, answer.ok);
    });
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void test();
      }}
    >
      <label class="field">
        <span>{t('broker.url')}</span>
        <input
          type="text"
          spellcheck={false}
          autocapitalize="off"
          placeholder="mqtt://192.168.1.10:1883"
          value={broker.url}
          onInput={(event) => change({ url: event.currentTarget.value })}
        />
      </label>
      <div class="filters">
        <label class="field">
          <span>{t('source.user')}</span>
          <input
            type="text"
            autocomplete="off"
            value={broker.username ?? ''}
            onInput={(event) => change({ username: event.currentTarget.value })}
          />
        </label>
        <label class="field">
          <span>{t('source.password')}</span>
          <input
            type="password"
            autocomplete="off"
            value={broker.password ?? ''}
            onInput={(event) => change({ password: event.currentTarget.value })}
          />
        </label>
      </div>
      <div class="row">
        <button type="submit" disabled={task.isBusy || broker.url.trim() === ''}>
          {t(task.isBusy ? 'broker.testing' : 'broker.test')}
        </button>
      </div>
      {task.error && <Failure error={task.error} />}
      {result && (
        <div class={result.ok ? 'note' : 'note bad'} role="status">
          <strong>{t(result.ok ? 'broker.ok' : 'broker.not-ok')}</strong>
          <p>{result.reason}</p>
          {result.code !== null && <code>{result.code}</code>}
        </div>
      )}
    </form>
  );
}

/** Without what is empty: an empty user name is not the same as none. */
export function cleaned(broker: NewBroker): NewBroker {
  return {
    url: broker.url.trim(),
    ...(broker.username && { username: broker.username }),
    ...(broker.password && { password: broker.password }),
  };
}

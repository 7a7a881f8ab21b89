import { useState } from 'preact/hooks';
import { BoardError } from '../board/http.js';
import { Failure } from '../components/messages.js';
import { useApp, useLanguage } from './context.js';

/** The board wants a token before it shows anything. */
export function Locked() {
  const { board } = useApp();
  const { t } = useLanguage();
  const [token, setToken] = useState('');
  const [error, setError] = useState<BoardError>();
  const [isBusy, setBusy] = useState(false);
  const enter = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await board.login(token.trim());
    } catch (thrown) {
      setError(thrown instanceof BoardError ? thrown : new BoardError(String(thrown), 'PAGE', 0, { cause: thrown }));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      class="card locked"
      onSubmit={(event) => {
        event.preventDefault();
        void enter();
      }}
    >
      <h1>{t('locked.title')}</h1>
      <p class="quiet">{t('locked.why')}</p>
      <label class="field">
        <span>{t('locked.token')}</span>
        <input
          type="password"
          autocomplete="current-password"
          required
          value={token}
          onInput={(event) => setToken(event.currentTarget.value)}
        />
      </label>
      {error && <Failure error={error} />}
      <button type="submit" class="primary" disabled={isBusy}>
        {t('locked.enter')}
      </button>
    </form>
  );
}

import { useLanguage } from '../app/context.js';
import type { BoardError } from '../board/http.js';

/** Why something did not work, as the board says it. */
export function Failure({ error }: { error: BoardError }) {
  const { t } = useLanguage();
  const isOurs = error.code === 'OFFLINE' || error.code === 'TIMEOUT';
  return (
    <div class="note bad" role="alert">
      <span>{isOurs ? t(`error.${error.code as 'OFFLINE' | 'TIMEOUT'}`) : error.message}</span>
      {!isOurs && <code>{error.code}</code>}
    </div>
  );
}

/** Nothing to show, and why that is. */
export function Empty({ text }: { text: string }) {
  return <p class="empty">{text}</p>;
}

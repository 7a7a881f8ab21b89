import type { Saved } from '../../../src/contract/http.js';
import { useLanguage } from '../app/context.js';

/** What was written where, and what does not count before a restart. */
export function SavedNote({ saved }: { saved: Saved }) {
  const { t } = useLanguage();
  return (
    <div class="note" role="status">
      <strong>{t('saved')}</strong>
      <p>
        {t('saved.file', { file: saved.file })}
        {saved.backup !== null && ` ${t('saved.backup', { file: saved.backup })}`}
      </p>
      {saved.restartNeeded.length > 0 && <p>{t('saved.restart', { settings: saved.restartNeeded.join(', ') })}</p>}
    </div>
  );
}

import { useEffect, useState } from 'preact/hooks';
import type { Discovery, NewCamera } from '../../../src/contract/http.js';
import { useLanguage } from '../app/context.js';
import { ask, request } from '../board/http.js';
import { Failure } from './messages.js';
import { useTask } from './use-task.js';

/** A camera that answers slowly is given the time that the daemon gives it, ms. */
const testMs = 100_000;
const discoverMs = 30_000;

export interface TestedSource {
  camera: NewCamera;
  /** JPEG. */
  picture: Blob;
  /** What it calls itself, as a name for the settings. */
  suggestedName: string;
}

/** Finds cameras, or takes an address, and shows a test picture: what is handed on has given one. */
export function SourceForm({ onTested }: { onTested(tested: TestedSource | undefined): void }) {
  const { t } = useLanguage();
  const [found, setFound] = useState<Discovery>();
  const [source, setSource] = useState('');
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [picture, setPicture] = useState<string>();
  const discovering = useTask();
  const testing = useTask();
  useEffect(
    () => () => {
      if (picture !== undefined) URL.revokeObjectURL(picture);
    },
    [picture],
  );

  const discover = () =>
    discovering.run(async () => {
      // With the password of one of them all are asked; they are told a digest of it.
      const body = username === '' ? {} : { username, password };
      setFound(await ask<Discovery>('/api/discover', { method: 'POST', body, timeoutMs: discoverMs }));
    });
  const isNetwork = /^(rtsps?|https?):/i.test(source.trim());
  const test = (wanted = source.trim()) =>
    testing.run(async () => {
      onTested(undefined);
      setPicture(undefined);
      const network = { ...(username !== '' && { username }), ...(password !== '' && { password }) };
      const hasLogin = isNetwork && Object.keys(network).length > 0;
      const camera: NewCamera = { source: wanted, ...(hasLogin && { network }) };
      const answer = await request('/api/test-source', { method: 'POST', body: camera, timeoutMs: testMs });
      const blob = await answer.blob();
      setPicture(URL.createObjectURL(blob));
      const name = found?.cameras.find((each) => each.source === wanted)?.name ?? '';
      onTested({ camera, picture: blob, suggestedName: nameOf(name) });
    });
  return (
    <div class="stack">
      <div class="row">
        <button type="button" disabled={discovering.isBusy} onClick={() => void discover()}>
          {t(discovering.isBusy ? 'source.looking' : 'source.look')}
        </button>
        <span class="quiet">{t('source.look.what')}</span>
      </div>
      {discovering.error && <Failure error={discovering.error} />}
      {found && (
        <ul class="found">
          {found.cameras.length === 0 && <li class="quiet">{t('source.none')}</li>}
          {found.locked.map(({ name, host }) => (
            <li key={host} class="quiet">
              {t('source.locked', { name, host })}
            </li>
          ))}
          {found.cameras.map((each) => (
            <li key={each.source}>
              <button
                type="button"
                aria-pressed={source === each.source}
                onClick={() => {
                  setSource(each.source);
                  void test(each.source);
                }}
              >
                <span class="grow">
                  <strong>{each.name}</strong>
                  <span class="quiet">{each.detail}</span>
                </span>
                <span class="quiet">{t(`source.${each.where}`)}</span>
              </button>
            </li>
          ))}
          {found.notes.map((note) => (
            <li key={note} class="quiet">
              {note}
            </li>
          ))}
        </ul>
      )}
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void test();
        }}
      >
        <label class="field">
          <span>{t('source.address')}</span>
          <input
            type="text"
            required
            spellcheck={false}
            autocapitalize="off"
            placeholder="rtsp://192.168.1.20/stream1"
            value={source}
            onInput={(event) => {
              setSource(event.currentTarget.value);
              onTested(undefined);
            }}
          />
        </label>
        <p class="quiet">{t('source.examples')}</p>
        {(isNetwork || (found?.locked.length ?? 0) > 0) && (
          <div class="filters">
            <label class="field">
              <span>{t('source.user')}</span>
              <input
                type="text"
                autocomplete="off"
                value={username}
                onInput={(event) => setUsername(event.currentTarget.value)}
              />
            </label>
            <label class="field">
              <span>{t('source.password')}</span>
              <input
                type="password"
                autocomplete="off"
                value={password}
                onInput={(event) => setPassword(event.currentTarget.value)}
              />
            </label>
          </div>
        )}
        <div class="row">
          <button type="submit" disabled={testing.isBusy || source.trim() === ''}>
            {t(testing.isBusy ? 'source.testing' : 'source.test')}
          </button>
        </div>
      </form>
      {testing.error && <Failure error={testing.error} />}
      {picture && <img class="test-picture" src={picture} alt={t('source.picture')} />}
    </div>
  );
}

/** Letters, digits, `_` and `-` of what a camera calls itself. */
function nameOf(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 32);
}

import { useEffect, useRef, useState } from 'preact/hooks';
import type { FirstRun, NewBroker, Saved } from '../../../../src/contract/http.js';
import { useApp, useBoard, useLanguage } from '../../app/context.js';
import { hrefOf } from '../../app/route.js';
import { geometryOf } from '../../areas/document.js';
import { nameRule, type Shape } from '../../areas/shapes.js';
import { ask } from '../../board/http.js';
import { BrokerForm, cleaned } from '../../components/broker-form.js';
import { Failure } from '../../components/messages.js';
import { SavedNote } from '../../components/saved-note.js';
import { SourceForm, type TestedSource } from '../../components/source-form.js';
import { useTask } from '../../components/use-task.js';
import { ZoneStep } from './zone-step.js';

const steps = ['camera', 'zone', 'broker', 'done'] as const;
type Step = (typeof steps)[number];

/** The first run: camera and its picture, zone, broker, done. Nothing is written before the end. */
export function WelcomeView() {
  const { board } = useApp();
  const { t } = useLanguage();
  const info = useBoard((known) => known.info);
  const [step, setStep] = useState<Step>('camera');
  const [tested, setTested] = useState<TestedSource>();
  const [picture, setPicture] = useState<string>();
  const [name, setName] = useState('');
  const [shapes, setShapes] = useState<readonly Shape[]>([]);
  const [ownBroker, setOwnBroker] = useState(true);
  const [broker, setBroker] = useState<NewBroker>({ url: '' });
  const [isTested, setTestedBroker] = useState(false);
  const [saved, setSaved] = useState<Saved>();
  const task = useTask();
  const heading = useRef<HTMLHeadingElement>(null);
  const go = (next: Step) => {
    setStep(next);
    // Whoever listens hears which step this is.
    requestAnimationFrame(() => heading.current?.focus());
  };
  const take = () => {
    if (!tested) return;
    setPicture(URL.createObjectURL(tested.picture));
    go('zone');
  };
  useEffect(
    () => () => {
      if (picture !== undefined) URL.revokeObjectURL(picture);
    },
    [picture],
  );

  const finish = () =>
    task.run(async () => {
      if (!tested) return;
      const { zones, lines } = geometryOf(shapes);
      const body: FirstRun = {
        cameras: { [name]: { ...tested.camera, zones, lines } },
        ...(!ownBroker && { mqtt: cleaned(broker) }),
      };
      setSaved(await ask<Saved>('/api/first-run', { method: 'POST', body, timeoutMs: 30_000 }));
      await board.refresh();
      go('done');
    });

  if (info && !info.firstRun && step !== 'done') {
    return (
      <section class="card narrow">
        <h1>{t('welcome.not-first')}</h1>
        <p>
          <code>{info.settingsFile}</code>
        </p>
        <a class="button" href={hrefOf('settings')}>
          {t('view.settings')}
        </a>
      </section>
    );
  }
  return (
    <section class="card welcome">
      <ol class="steps" aria-label={t('welcome.steps')}>
        {steps.map((each) => (
          <li
            key={each}
            aria-current={each === step ? 'step' : undefined}
            class={steps.indexOf(each) < steps.indexOf(step) ? 'past' : ''}
          >
            {t(`welcome.${each}`)}
          </li>
        ))}
      </ol>
      <h1 ref={heading} tabIndex={-1}>
        {t(`welcome.${step}.title`)}
      </h1>
      {step === 'camera' && (
        <>
          <p class="quiet">{t('welcome.camera.what')}</p>
          <SourceForm
            onTested={(source) => {
              setTested(source);
              if (source && name === '') setName(source.suggestedName || t('welcome.camera.name'));
            }}
          />
          {tested && (
            <label class="field">
              <span>{t('source.name')}</span>
              <input
                type="text"
                maxLength={64}
                value={name}
                aria-invalid={!nameRule.test(name)}
                onInput={(event) => setName(event.currentTarget.value)}
              />
            </label>
          )}
          {tested && !nameRule.test(name) && <p class="mistake">{t('areas.name.signs')}</p>}
          <div class="row">
            <a class="button" href={hrefOf('live')}>
              {t('welcome.later')}
            </a>
            <span class="grow" />
            <button type="button" class="primary" disabled={!tested || !nameRule.test(name)} onClick={take}>
              {t('welcome.next')}
            </button>
          </div>
        </>
      )}
      {step === 'zone' && picture !== undefined && (
        <>
          <p class="quiet">{t('welcome.zone.what')}</p>
          <ZoneStep picture={picture} shapes={shapes} classes={info?.classes ?? []} onChange={setShapes} />
          <Buttons
            back={() => go('camera')}
            next={() => go('broker')}
            nextText={t(shapes.length === 0 ? 'welcome.skip' : 'welcome.next')}
          />
        </>
      )}
      {step === 'broker' && (
        <>
          <p class="quiet">{t('welcome.broker.what')}</p>
          <fieldset class="stack">
            <legend class="unseen">{t('settings.broker')}</legend>
            <label class="check">
              <input type="radio" name="broker" checked={ownBroker} onChange={() => setOwnBroker(true)} />
              {t('welcome.broker.own')}
            </label>
            <label class="check">
              <input type="radio" name="broker" checked={!ownBroker} onChange={() => setOwnBroker(false)} />
              {t('welcome.broker.other')}
            </label>
          </fieldset>
          {!ownBroker && (
            <BrokerForm
              broker={broker}
              onChange={(changed, ok) => {
                setBroker(changed);
                setTestedBroker(ok);
              }}
            />
          )}
          {!ownBroker && broker.url.trim() !== '' && !isTested && <p class="quiet">{t('welcome.broker.untested')}</p>}
          {task.error && <Failure error={task.error} />}
          <Buttons
            back={() => go('zone')}
            next={() => void finish()}
            nextText={t(task.isBusy ? 'saving' : 'welcome.write')}
            isBlocked={task.isBusy || (!ownBroker && broker.url.trim() === '')}
          />
        </>
      )}
      {step === 'done' && (
        <>
          {saved && <SavedNote saved={saved} />}
          <div class="row">
            <a class="button" href={hrefOf('live')}>
              {t('welcome.look')}
            </a>
          </div>
        </>
      )}
    </section>
  );
}

function Buttons({
  back,
  next,
  nextText,
  isBlocked = false,
}: {
  back(): void;
  next(): void;
  nextText: string;
  isBlocked?: boolean;
}) {
  const { t } = useLanguage();
  return (
    <div class="row">
      <button type="button" onClick={back}>
        {t('welcome.back')}
      </button>
      <span class="grow" />
      <button type="button" class="primary" disabled={isBlocked} onClick={next}>
        {nextText}
      </button>
    </div>
  );
}

import { useApp, useBoard, useLanguage } from '../../app/context.js';
import { hrefOf } from '../../app/route.js';
import { useStore } from '../../board/store.js';
import { CameraPicker } from '../../components/camera-picker.js';
import { LivePicture } from '../../components/live-picture.js';
import { Empty } from '../../components/messages.js';
import { OneCamera } from './one-camera.js';

const everything = { boxes: true, trails: true, areas: true };

/** The cameras' pictures: one large with its readings, or all beside each other. */
export function LiveView() {
  const { router } = useApp();
  const { t } = useLanguage();
  const subject = useStore(router.current, ({ route }) => route.subject);
  const cameras = useBoard((known) => known.cameras);
  if (cameras === null) return <Empty text={t('live.waiting')} />;
  if (cameras.length === 0) return <Empty text={t('live.no-cameras')} />;
  const chosen = cameras.find(({ name }) => name === subject) ?? (cameras.length === 1 ? cameras[0] : undefined);
  return (
    <>
      <div class="view-head">
        <h1>{chosen?.name ?? t('view.live')}</h1>
        {cameras.length > 1 && <CameraPicker view="live" chosen={chosen?.name} withAll />}
      </div>
      {chosen ? (
        <OneCamera key={chosen.name} camera={chosen} />
      ) : (
        <ul class="wall">
          {cameras.map((camera) => (
            <li key={camera.name}>
              <a href={hrefOf('live', camera.name)}>{camera.name}</a>
              <LivePicture camera={camera} layers={everything} onPick={() => router.go('live', camera.name)} />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

import { useApp, useBoard, useLanguage } from '../../app/context.js';
import { useStore } from '../../board/store.js';
import { CameraPicker } from '../../components/camera-picker.js';
import { Empty } from '../../components/messages.js';
import { AreaEditor } from './editor.js';

/** Zones, lines, masks and the region of a camera. */
export function AreasView() {
  const { router } = useApp();
  const { t } = useLanguage();
  const subject = useStore(router.current, ({ route }) => route.subject);
  const cameras = useBoard((known) => known.cameras);
  const info = useBoard((known) => known.info);
  if (cameras === null || info === null) return <Empty text={t('live.waiting')} />;
  const camera = cameras.find(({ name }) => name === subject) ?? cameras[0];
  if (!camera) return <Empty text={t('live.no-cameras')} />;
  return (
    <>
      <div class="view-head">
        <h1>{t('view.areas')}</h1>
        {cameras.length > 1 && <CameraPicker view="areas" chosen={camera.name} />}
      </div>
      <AreaEditor key={camera.name} camera={camera} isWritable={info.writable} classes={info.classes} />
    </>
  );
}

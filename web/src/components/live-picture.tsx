import { useEffect, useRef, useState } from 'preact/hooks';
import type { Point } from '../../../src/contract/geometry.js';
import type { HttpCamera } from '../../../src/contract/http.js';
import type { LiveFrame } from '../../../src/contract/live.js';
import { useLanguage } from '../app/context.js';
import { LiveStream } from '../board/live-stream.js';
import type { LinkState } from '../board/reconnecting-socket.js';
import { LiveCanvas } from '../draw/live-canvas.js';
import type { Layers } from '../draw/overlay.js';
import { useNow } from './use-now.js';

interface Properties {
  camera: HttpCamera;
  layers: Layers;
  onFrame?: (frame: LiveFrame) => void;
  /** A place of the picture was clicked. */
  onPick?: (place: Point) => void;
  /** What is written on a line. */
  lineCount?: (line: string) => string;
  children?: preact.ComponentChildren;
}

/** A camera's pictures as they come, with what was seen in each drawn over that very picture. */
export function LivePicture({ camera, layers, onFrame, onPick, lineCount, children }: Properties) {
  const language = useLanguage();
  const { t, className } = language;
  const element = useRef<HTMLCanvasElement>(null);
  const canvas = useRef<LiveCanvas | undefined>(undefined);
  const [shape, setShape] = useState<{ width: number; height: number }>();
  const [shown, setShown] = useState<{ at: number; frame: LiveFrame }>();
  const [link, setLink] = useState<LinkState>('connecting');
  const latest = useRef({ onFrame });
  latest.current = { onFrame };

  useEffect(() => {
    if (!element.current) return;
    const drawing = new LiveCanvas(element.current);
    canvas.current = drawing;
    setShown(undefined);
    const stream = new LiveStream(camera.name, {
      onFrame: (frame, picture) => {
        drawing.show(frame, picture);
        setShape((before) =>
          before?.width === frame.width && before.height === frame.height
            ? before
            : { width: frame.width, height: frame.height },
        );
        setShown({ at: Date.now(), frame });
        latest.current.onFrame?.(frame);
      },
      onState: setLink,
    });
    stream.start();
    return () => {
      stream.stop();
      drawing.stop();
    };
  }, [camera.name]);

  useEffect(() => {
    canvas.current?.setOverlay({
      geometry: camera.geometry,
      layers,
      className,
      lineCount: lineCount ?? (() => ''),
    });
  }, [camera.name, camera.geometry, layers, language, lineCount]);

  const pick = (event: MouseEvent) => {
    const place = canvas.current?.placeOf(event);
    if (place) onPick?.(place);
  };
  return (
    <figure class="picture" style={{ aspectRatio: shape ? `${shape.width} / ${shape.height}` : '16 / 9' }}>
      <canvas
        ref={element}
        role="img"
        aria-label={t('live.picture', {
          camera: camera.name,
          what: describe(shown?.frame, className) || t('live.nothing'),
        })}
        class={onPick ? 'pickable' : ''}
        onClick={onPick ? pick : undefined}
      />
      {children}
      <PictureState camera={camera} link={link} shownAt={shown?.at} />
    </figure>
  );
}

/** "2 Person, 1 Auto": for those who do not see the picture. */
function describe(frame: LiveFrame | undefined, className: (name: string) => string): string {
  const counts = new Map<string, number>();
  for (const track of frame?.tracks ?? []) counts.set(track.class, (counts.get(track.class) ?? 0) + 1);
  return [...counts].map(([name, count]) => `${count} ${className(name)}`).join(', ');
}

/** A camera that looks twice a second shows a picture at least this often; one of .1 a second not, so its rate counts. */
const oldAfterMs = 3000;

/** Why there is no picture, or how old the one that stands there is. */
function PictureState({ camera, link, shownAt }: { camera: HttpCamera; link: LinkState; shownAt: number | undefined }) {
  const { t, duration } = useLanguage();
  const now = useNow(500);
  const { status, settings } = camera;
  const isLive = status === null || status.state === 'live';
  const patience = Math.max(oldAfterMs, 2500 / Math.max(0.05, settings.fps));
  const age = shownAt === undefined ? undefined : now - shownAt;
  const isOld = age !== undefined && age > patience;
  if (isLive && !isOld && shownAt !== undefined) return null;
  const waiting = t(shownAt === undefined ? 'live.waiting' : 'live.no-new');
  const why = !isLive ? t(`camera.${status.state}`) : link === 'lost' ? t('live.no-board') : waiting;
  return (
    <figcaption class={shownAt === undefined ? 'state' : 'state old'}>
      <strong>{why}</strong>
      {!isLive && status.reason && <span>{status.reason}</span>}
      {age !== undefined && <span>{t('live.old', { age: duration(Math.max(0, age)) })}</span>}
    </figcaption>
  );
}

import type { FastifyInstance, FastifyReply } from 'fastify';
import { explainQuery } from '../../contract/http.js';
import type { Backend } from '../backend.js';
import { liveSize, type Viewer } from '../live-pictures.js';
import { HttpProblem, read } from '../problem.js';
import type { Sockets } from '../sockets.js';

/** What the board is and sees now. */
export function apiRoutes(server: FastifyInstance, backend: Backend, sockets: Sockets): void {
  server.get('/api/info', () => backend.info());
  server.get('/api/cameras', () => ({ cameras: backend.cameras() }));
  server.get('/api/health', () => {
    const health = backend.health();
    if (health === null)
      throw new HttpProblem(503, 'ERR_HTTP_EARLY', 'the board has not been looked at yet: ask again');
    return health;
  });

  const mustKnow = (camera: string) => {
    if (backend.cameras().some(({ name }) => name === camera)) return;
    throw new HttpProblem(404, 'ERR_HTTP_CAMERA', `no camera is called "${camera}"`);
  };

  server.get('/api/explain', async ({ query }) => {
    const { camera, x, y, seconds } = read(explainQuery, query);
    return await backend.explain(camera, seconds, x === undefined || y === undefined ? undefined : [x, y]);
  });

  server.get<{ Params: { name: string } }>('/cameras/:name/still.jpg', async ({ params }, reply) => {
    mustKnow(params.name);
    const { jpeg } = await backend.show(params.name, liveSize);
    return reply.type('image/jpeg').header('Cache-Control', 'no-store').send(Buffer.from(jpeg));
  });

  server.get<{ Params: { name: string } }>('/cameras/:name/stream.mjpeg', ({ params }, reply) => {
    mustKnow(params.name);
    streamTo(reply, (viewer) => sockets.watch(params.name, viewer));
  });
}

const boundary = 'minspnet-picture';

/** MJPEG over HTTP (`multipart/x-mixed-replace`), as browsers, Home Assistant and most recorders take it. */
function streamTo(reply: FastifyReply, watch: (viewer: Viewer) => (() => void) | undefined): void {
  const { raw } = reply;
  const leave = watch({
    get ready() {
      return raw.headersSent && !raw.writableNeedDrain && !raw.destroyed;
    },
    send: (_frame, jpeg) => {
      const head = `--${boundary}\r\nContent-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n\r\n`;
      raw.write(Buffer.concat([Buffer.from(head), jpeg, Buffer.from('\r\n')]));
    },
  });
  if (leave === undefined) throw new HttpProblem(429, 'ERR_HTTP_VIEWERS', 'too many watch this camera already');
  reply.hijack();
  raw.once('close', leave);
  raw.writeHead(200, {
    'Content-Type': `multipart/x-mixed-replace; boundary=${boundary}`,
    'Cache-Control': 'no-store',
    Connection: 'close',
  });
}

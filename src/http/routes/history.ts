import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Counts, countsQuery, eventQuery, type Heatmap, heatmapQuery, seriesQuery } from '../../contract/http.js';
import type { Backend, HistoryBackend } from '../backend.js';
import { HttpProblem, read } from '../problem.js';

const dayMs = 86_400_000;
const files = { 'snapshot.jpg': 'snapshot', 'picture.jpg': 'picture', 'clip.mp4': 'clip' } as const;

/** What was: the event list with its pictures and clips, charts, counts and heat maps. */
export function historyRoutes(server: FastifyInstance, backend: Backend): void {
  const history = (): HistoryBackend => {
    if (backend.history !== undefined) return backend.history;
    throw new HttpProblem(404, 'ERR_HTTP_HISTORY', 'nothing is kept of the past: history.enabled of the settings');
  };

  server.get('/api/events', ({ query }) => history().list(read(eventQuery, query)));
  server.get<{ Params: { id: string } }>('/api/events/:id', ({ params }) => {
    const record = history().find(params.id);
    if (record === undefined) throw gone(params.id);
    return record;
  });
  for (const [name, kind] of Object.entries(files)) {
    server.get<{ Params: { id: string } }>(`/api/events/:id/${name}`, async (request, reply) => {
      const path = await history().fileOf(request.params.id, kind);
      if (path === undefined) throw gone(request.params.id);
      return sendFile(request, reply, path, kind === 'clip' ? 'video/mp4' : 'image/jpeg');
    });
  }

  server.get('/api/series', ({ query }) => history().series(read(seriesQuery, query).span));

  const countsOf = async (query: unknown) => history().counts(hoursOf(read(countsQuery, query)));
  server.get('/api/counts', ({ query }) => countsOf(query));
  server.get('/api/counts.csv', async ({ query }, reply) => csv(reply, 'counts', countsTable(await countsOf(query))));

  const heatmapOf = async (query: unknown) => history().heatmap(hoursOf(read(heatmapQuery, query)));
  server.get('/api/heatmap', ({ query }) => heatmapOf(query));
  server.get('/api/heatmap.csv', async ({ query }, reply) => csv(reply, 'heatmap', heatTable(await heatmapOf(query))));
}

function gone(id: string): HttpProblem {
  const what = `there is no such thing of "${id}" in the event list, or not any more; the oldest are deleted first`;
  return new HttpProblem(404, 'ERR_HTTP_EVENT', what);
}

/** By default the last day. */
function hoursOf<Query extends { from?: string | undefined; to?: string | undefined }>({ from, to, ...rest }: Query) {
  const toMs = to === undefined ? Date.now() : Date.parse(to);
  return { ...rest, toMs, fromMs: from === undefined ? toMs - dayMs : Date.parse(from) };
}

/** A file, or the one part of it that a player asks for (RFC 9110, 14.2). */
async function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  path: string,
  type: string,
): Promise<FastifyReply> {
  const { size } = await stat(path);
  reply.type(type).header('Cache-Control', 'private, max-age=60').header('Accept-Ranges', 'bytes');
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  if (first === '' && last === '') return reply.header('Content-Length', size).send(createReadStream(path));
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(size - 1, Number(last));
  if (start > end) return reply.code(416).header('Content-Range', `bytes */${size}`).send();
  reply
    .code(206)
    .header('Content-Range', `bytes ${start}-${end}/${size}`)
    .header('Content-Length', end - start + 1);
  return reply.send(createReadStream(path, { start, end }));
}

function csv(reply: FastifyReply, name: string, rows: readonly (readonly (string | number)[])[]): FastifyReply {
  reply.type('text/csv; charset=utf-8').header('Content-Disposition', `attachment; filename="${name}.csv"`);
  return reply.send(rows.map((row) => `${row.join(',')}\r\n`).join('')); // names hold no comma and no quote
}

function countsTable({ rows }: Counts): (string | number)[][] {
  return [
    ['hour', 'camera', 'class', 'count'],
    ...rows.map(({ hour, camera, class: name, count }) => [hour, camera, name, count]),
  ];
}

/** The centre of each cell that anybody stood in. */
function heatTable({ columns, rows, cells }: Heatmap): (string | number)[][] {
  const centre = (i: number, of: number) => Math.round(((i + 0.5) / of) * 10_000) / 10_000;
  const stood = cells.flatMap((seconds, i) =>
    seconds > 0 ? [[centre(i % columns, columns), centre(Math.floor(i / columns), rows), seconds]] : [],
  );
  return [['x', 'y', 'seconds'], ...stood];
}

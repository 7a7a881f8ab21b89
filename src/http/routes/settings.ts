import type { FastifyInstance } from 'fastify';
import { firstRun, geometry, revisionQuery, settingsChange } from '../../contract/http.js';
import type { Backend } from '../backend.js';
import { read } from '../problem.js';

/** What may be changed: written into the settings file, and in force at once. */
export function settingsRoutes(server: FastifyInstance, backend: Backend): void {
  server.get('/api/settings', () => backend.settings());
  server.patch('/api/settings', ({ body, query }) =>
    backend.changeSettings(read(settingsChange, body), read(revisionQuery, query).revision),
  );
  server.put<{ Params: { name: string } }>('/api/cameras/:name/geometry', ({ params, body, query }) =>
    backend.saveGeometry(params.name, read(geometry, body), read(revisionQuery, query).revision),
  );
  server.post('/api/first-run', ({ body }) => backend.firstRun(read(firstRun, body)));
}

import type { FastifyInstance } from 'fastify';
import { firstRun, geometry, settingsChange } from '../../contract/http.js';
import type { Backend } from '../backend.js';
import { read } from '../problem.js';

/** What may be changed: written into the settings file, and in force at once. */
export function settingsRoutes(server: FastifyInstance, backend: Backend): void {
  server.get('/api/settings', () => backend.settings());
  server.patch('/api/settings', ({ body }) => backend.changeSettings(read(settingsChange, body)));
  server.put<{ Params: { name: string } }>('/api/cameras/:name/geometry', ({ params, body }) =>
    backend.saveGeometry(params.name, read(geometry, body)),
  );
  server.post('/api/first-run', ({ body }) => backend.firstRun(read(firstRun, body)));
}

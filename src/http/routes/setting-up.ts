import type { FastifyInstance } from 'fastify';
import { discoveryLogin, newBroker, newCamera } from '../../contract/http.js';
import { type RequestName, requests } from '../../contract/request.js';
import { type Backend, taskNames } from '../backend.js';
import { HttpProblem, read } from '../problem.js';

/** What is tried out, measured, and asked for as over MQTT. */
export function settingUpRoutes(server: FastifyInstance, backend: Backend): void {
  server.post('/api/discover', ({ body }) => backend.discover(read(discoveryLogin, body ?? {})));
  server.post('/api/test-broker', ({ body }) => backend.testBroker(read(newBroker, body)));
  server.post('/api/test-source', async ({ body }, reply) => {
    const jpeg = await backend.testSource(read(newCamera, body));
    return reply.type('image/jpeg').header('Cache-Control', 'no-store').send(Buffer.from(jpeg));
  });

  for (const name of taskNames) {
    server.get(`/api/${name}`, () => backend.task(name));
    server.post(`/api/${name}`, (_request, reply) => reply.code(202).send(backend.startTask(name)));
  }

  server.post<{ Params: { name: string } }>('/api/requests/:name', async ({ params, body }) => {
    const { name } = params;
    if (!Object.hasOwn(requests, name)) {
      throw new HttpProblem(404, 'ERR_HTTP_PATH', `there is no request "${name}": see docs/requests.md`);
    }
    const known = name as RequestName;
    return await backend.request(known, read(requests[known].needs, body));
  });
}

import type { FastifyInstance, FastifyReply } from 'fastify';
import { type HttpSession, httpLogin } from '../../contract/http.js';
import type { Access, Refusal } from '../access.js';
import type { Backend } from '../backend.js';
import { read } from '../problem.js';

/** What is there without a token: who one is to the server, and whether it works. */
export function sessionRoutes(
  server: FastifyInstance,
  access: Access,
  backend: Backend,
  refuse: (refusal: Refusal, reply: FastifyReply) => void,
): void {
  const open = { config: { open: true } };

  server.get('/api/session', open, ({ headers, ip: remoteAddress }): HttpSession => {
    const { tokenNeeded } = access;
    return { tokenNeeded, authenticated: access.refuseToken({ headers, remoteAddress }) === undefined };
  });

  server.post('/api/login', open, (request, reply) => {
    const refusal = access.refuseGiven(read(httpLogin, request.body).token, request.ip);
    if (refusal !== undefined) {
      refuse(refusal, reply);
      return;
    }
    const secure = request.headers['x-forwarded-proto'] === 'https';
    reply.code(204).header('Set-Cookie', access.cookie(secure)).send();
  });

  // For supervisors: they say no more than that. It lives where it answers; it is ready where cameras are looked at.
  server.get('/healthz', open, (_request, reply) => reply.type('text/plain').send('ok\n'));
  server.get('/readyz', open, (_request, reply) => {
    const isReady = backend.notReady() === undefined;
    return reply
      .code(isReady ? 200 : 503)
      .type('text/plain')
      .send(isReady ? 'ready\n' : 'not ready\n');
  });
}

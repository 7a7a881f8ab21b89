/**
 * Child of `fleet`: a worker that shares the events with the others. Its session lasts, so that what it was given and has not
 * acknowledged waits for its next start. Says when it has a session, and the number of each
 * event. Arguments: URL, client id.
 */
import { connect } from '../src/client/index.js';
import { monotonicMs } from '../src/timing/monotonic.js';
import type { Taken } from './fleet-run.js';

const [url = '', clientId = ''] = process.argv.slice(2);
const client = await connect(url, {
  share: 'fleet',
  session: { clientId, expirySeconds: 600 },
  retryMs: [50, 1000],
  connectMs: 60_000,
});
client.on('event', ({ node, camera, stream, seq, replayed, capturedMonotonicMs }) => {
  const taken: Taken = {
    event: `${node}/${camera}/${stream}/${seq}`,
    ms: monotonicMs() - capturedMonotonicMs,
    replayed,
  };
  process.send?.(taken);
});
client.on('connected', () => process.send?.('connected'));
process.send?.('connected');
process.once('disconnect', () => process.exit());

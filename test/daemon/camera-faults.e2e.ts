import t, { type Test } from 'tap';
import { faultRows } from '../support/camera-faults/rows.js';

/** The short form of `npm run test:faults:cameras`: each of these once. */
const short = [
  'RTSP server killed and restarted',
  'RTSP cut within a picture',
  'RTSP password changed',
  'RTSP cut, and what stands there',
  'HTTP half-open: no data, no FIN',
  'rpicam-vid ends within a picture',
];

t.jobs = 3; // they wait more than they work
for (const name of short) {
  const row = faultRows[name];
  t.test(name, { skip: row?.skip ?? 'no such fault', buffered: true }, async (t: Test) => {
    const figures = await row?.make(1, t.testdir());
    t.match(figures, { faults: 1, recovered: 1, engineRestarts: 0 });
    t.ok((figures?.codes.length ?? 0) > 0, `with the code of what broke: ${figures?.codes}`);
  });
}

import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { connect } from '../../src/client/index.js';
import { type ExplainedCandidate, type Explanation, explanation } from '../../src/contract/explanation.js';
import type { Point } from '../../src/contract/geometry.js';
import { startAedes } from '../support/broker.js';
import { TestDaemon } from '../support/daemon.js';

const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));
const demo = { source: 'demo', loop: true, pace: 'max' };

t.test('three that ask why nothing was told get three reasons', { timeout: 200_000 }, async (t) => {
  const broker = await startAedes();
  t.teardown(() => broker.stop());
  const directory = t.testdir();
  const config = join(directory, 'minspnet.yaml');
  const cameras = {
    // The man on the far pavement has 55 of 360 pixels: 8 of the 54 that the picture covers of an input of 96x64.
    far: { ...demo, classes: ['person'] },
    masked: { ...demo, classes: ['person'], region: [0, 0.82, 0.3, 1] },
    cars: { ...demo, classes: ['car'] },
  };
  const settings = { node: 'porch', cameras, model: { size: [96, 64] }, mqtt: { url: broker.url } };
  await writeFile(config, JSON.stringify(settings)); // JSON is YAML
  const daemon = new TestDaemon(['run', '-c', config], join(directory, 'state'));
  t.teardown(() => daemon.dispose());
  const client = await connect(broker.url);
  t.teardown(() => client.close());

  /** Asks until there is a candidate of that kind, or no more time. */
  const ask = async (camera: string, wanted: (answer: Explanation) => unknown, place?: Point): Promise<Explanation> => {
    for (;;) {
      const answer = await client
        .request('porch', 'explain', { camera, minutes: 10, ...(place && { place }) })
        .then(explanation.parse, () => {});
      if (answer && wanted(answer)) return answer;
      await setTimeout(500);
    }
  };

  await t.test('too small', async (t) => {
    const at: Point = [0.78, 0.42];
    const isSmall = ({ reason }: ExplainedCandidate) => reason === 'too-small';
    const { candidates } = await ask('far', (answer) => answer.candidates.some(isSmall), at);
    t.match(candidates.find(isSmall)?.detail, /pixels of the network's input \(96x54\); an input of \d+x\d+ would/);
    const isThere = ({ box: [left, top, right, bottom] }: ExplainedCandidate) =>
      left - 0.03 <= at[0] && at[0] <= right + 0.03 && top - 0.03 <= at[1] && at[1] <= bottom + 0.03;
    t.ok(candidates.every(isThere), 'and what was seen elsewhere is not named');
  });

  await t.test('masked', async (t) => {
    const { candidates, notes, looks } = await ask('masked', ({ looks }) => looks > 60);
    t.match(notes, [/outside the region 0, 0.82, 0.3, 1 nobody looks/], `${looks} looks`);
    t.strictSame(
      candidates.filter(({ box: [, top] }) => top < 0.8),
      [],
      'so nobody on the pavement is a candidate',
    );
  });

  await t.test('a class that is off, and the command says it all', async (t) => {
    const isPerson = ({ class: name, bestScore }: ExplainedCandidate) => name === 'person' && bestScore > 0.5;
    await ask('cars', ({ candidates }) => candidates.some(isPerson));
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, [cli, 'explain', 'cars', '--config', config, '--last', '10m']);
    t.match(stdout, /^cars, [\d:]+ to [\d:]+ UTC: \d+ candidates, \d+ not told\n/);
    t.match(stdout, /person +0\.[5-9]\d at \[.*\] {2}class: person is not among the camera's classes\n/);
    t.notMatch(stdout, /person .*told: told as/);
  });
});

import t from 'tap';
import { ClassVote, kindOf } from '../../../src/pipeline/track/classes.js';

t.test('what is confused with what', async (t) => {
  t.equal(kindOf('car'), kindOf('bus'));
  t.not(kindOf('car'), kindOf('bicycle'));
  t.equal(kindOf('zebra'), 'zebra');
});

t.test('a close race doesn’t flip', async (t) => {
  const vote = new ClassVote();
  let winner: string | undefined;
  let flips = 0;
  for (let i = 0; i < 200; i++) {
    vote.add(i % 3 === 0 ? 'car' : 'truck', i % 3 === 0 ? 0.8 : 0.41);
    const now = vote.winner(winner);
    if (winner !== undefined && now !== winner) flips++;
    winner = now;
  }
  t.equal(flips, 0);
});

t.test('only allowed classes win', async (t) => {
  const vote = new ClassVote();
  vote.add('truck', 3);
  t.equal(
    vote.winner(undefined, (name) => name === 'car'),
    undefined,
  );
  vote.add('car', 1);
  t.equal(
    vote.winner(undefined, (name) => name === 'car'),
    'car',
  );
});

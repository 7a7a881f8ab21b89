import t from 'tap';
import { Masks } from '../../src/pipeline/masks.js';

t.test('an object is where the middle of its lower edge is', async (t) => {
  const masks = new Masks({
    wall: {
      polygon: [
        [0.5, 0],
        [1, 0],
        [1, 0.5],
        [0.5, 0.5],
      ],
      classes: ['person'],
    },
    pond: {
      polygon: [
        [0, 0.8],
        [0.3, 0.8],
        [0.3, 1],
        [0, 1],
      ],
    },
  });
  const find = (name: string, box: [number, number, number, number]) => masks.find({ class: name, box });
  t.equal(find('person', [0.6, 0.1, 0.8, 0.4]), 'wall');
  t.equal(find('person', [0.6, 0.1, 0.8, 0.6]), undefined, 'its feet are below');
  t.equal(find('dog', [0.6, 0.1, 0.8, 0.4]), undefined, 'another class');
  t.equal(find('dog', [0, 0.5, 0.2, 1]), 'pond', 'at the edge of the picture');
  t.equal(find('dog', [0.2, 0.5, 0.5, 0.9]), undefined, 'only its left foot');
});

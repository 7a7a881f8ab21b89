import t from 'tap';
import { settingsSchema } from '../../src/config/schema.js';
import { Lessons, type LessonsOptions } from '../../src/daemon/lessons.js';

function lessons(
  directory: string,
  change: { drawBox?: boolean; history?: ReturnType<LessonsOptions['history']> },
): Lessons {
  const settings = settingsSchema.parse({ events: { snapshot: { drawBox: change.drawBox } } });
  return new Lessons({
    configuration: { settings } as LessonsOptions['configuration'],
    host: { takePicture: () => Promise.reject(new Error('nobody asks for one')) },
    history: () => change.history,
    stateDirectory: directory,
    signal: new AbortController().signal,
  });
}

t.test('where no crop can be had, it is said which setting is why', async (t) => {
  const directory = t.testdir();
  const wanted = { code: 'ERR_REQUEST_CROPS', exit: 'usage' };
  const none = lessons(directory, {});
  await t.rejects(none.crops({ limit: 10 }), { ...wanted, message: /history\.enabled/ });
  await t.rejects(none.assign({ model: 'vans', class: 'van', crops: ['a'] }), {
    ...wanted,
    message: /history\.enabled/,
  });
  const history = { list: () => ({ events: [] }), find: () => undefined, fileOf: async () => undefined } as never;
  await t.rejects(lessons(directory, { drawBox: true, history }).crops({ limit: 10 }), {
    ...wanted,
    message: /snapshot\.drawBox/,
  });
  t.strictSame(await lessons(directory, { history }).crops({ limit: 10 }), { crops: [] }, 'none yet is no error');
});

import t from 'tap';
import { describeError, exitCodeOf } from '../../src/commands/guard.js';
import { asMinspnetError, ConfigError, ModelError } from '../../src/contract/errors.js';

t.test('an error of ours is one paragraph with its code', async (t) => {
  const error = new ConfigError('ERR_CONFIG_FILE', 'input', 'a.yaml: there is no such file', {
    cause: new Error('ENOENT'),
  });
  t.equal(describeError(error, false), 'error: a.yaml: there is no such file [ERR_CONFIG_FILE]');
  t.match(describeError(error, true), /guard\.test[\s\S]*caused by: Error: ENOENT/);
});

t.test('a stranger’s error is a bug, shown whole', async (t) => {
  const bug = new TypeError('x is not a function');
  for (const thrown of [bug, asMinspnetError(bug)]) {
    t.match(
      describeError(thrown, false),
      /a bug of ours.*please report.*\n[\s\S]*TypeError: x is not a function\n +at /,
    );
    t.equal(exitCodeOf(thrown), 1);
  }
  t.match(describeError('just a text', false), /just a text/);
});

t.test('exit codes', async (t) => {
  t.equal(exitCodeOf(new ModelError('ERR_MODEL_MISSING', 'model', 'none')), 79);
  t.equal(exitCodeOf(new ConfigError('ERR_CONFIG_INVALID', 'config', 'wrong')), 78);
  t.equal(exitCodeOf(undefined), 1);
});

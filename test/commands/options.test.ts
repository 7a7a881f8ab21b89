import t from 'tap';
import { type RunOptions, runOverrides } from '../../src/commands/options.js';
import { loadSettings } from '../../src/config/load.js';

const settingsOf = (options: Omit<RunOptions, 'colour'>) =>
  loadSettings({ file: '/dev/null', environment: {}, overrides: runOverrides({ colour: true, ...options }) }).settings;

t.test('the options of run as settings', async (t) => {
  const settings = settingsOf({ source: 'a.mp4', loop: true, pace: 'max', mqtt: 'mqtt://h', model: 'm' });
  t.match(settings, {
    cameras: { camera: { source: 'a.mp4', loop: true, pace: 'max', fps: 10 } },
    mqtt: { url: 'mqtt://h' },
    model: { path: 'm' },
  });
  t.strictSame(settingsOf({}).cameras, {});
});

t.test('a wrong one is named by its option', async (t) => {
  t.throws(() => settingsOf({ source: 'rtmp://h' }), {
    message: /^--source: cameras\.camera\.source: found "rtmp:\*\*\*"/,
  });
  t.throws(() => settingsOf({ mqtt: 'h' }), { message: /^--mqtt: mqtt\.url: found "h"/ });
});

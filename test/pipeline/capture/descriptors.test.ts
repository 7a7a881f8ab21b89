import { execFileSync } from 'node:child_process';
import t from 'tap';

t.test('a process without descriptors says so, whatever it opens', async (t) => {
  const sources = ['demo', 'rtsp://127.0.0.1:9/x', 'http://127.0.0.1:9/x', 'gstreamer:videotestsrc', 'libcamera:0'];
  const program = 'ulimit -n 64 && exec "$0" "$@"';
  const args = ['-c', program, process.execPath, 'dist/test/support/without-descriptors.js', ...sources];
  const lines = execFileSync('sh', args, { encoding: 'utf8' }).trim().split('\n');
  t.equal(lines.length, sources.length);
  for (const [i, line] of lines.entries()) t.match(line, /^ERR_SOURCE_DESCRIPTORS .*ulimit -n/, `${sources[i]}`);
});

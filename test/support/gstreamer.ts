import { spawnSync } from 'node:child_process';

/** Why tests with a real pipeline are skipped, or false. */
export const noGstreamer =
  spawnSync('gst-inspect-1.0', ['y4menc']).status === 0
    ? false
    : 'GStreamer is not installed (gstreamer1.0-tools, gstreamer1.0-plugins-good)';

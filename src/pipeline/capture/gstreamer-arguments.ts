/** The newest picture wins: where we are slower than the camera, the older ones go before they are converted. */
const newestOnly = 'queue leaky=downstream max-size-buffers=1 max-size-bytes=0 max-size-time=0';

/** The arguments of `gst-launch-1.0` for a pipeline that ends in raw video. */
export function gstreamerArguments(pipeline: string): string[] {
  const tail = `! ${newestOnly} ! videoconvert ! video/x-raw,format=I420 ! y4menc ! fdsink fd=1 sync=false`;
  return ['--quiet', ...splitPipeline(pipeline), ...splitPipeline(tail)];
}

/**
 * A pipeline's text as a shell would hand it to `gst-launch-1.0`, which puts it together again: cut at white space
 * outside quotes. The quotes stay, since GStreamer reads them itself.
 */
export function splitPipeline(text: string): string[] {
  return text.match(/(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\]|["'\\])+/g) ?? [];
}

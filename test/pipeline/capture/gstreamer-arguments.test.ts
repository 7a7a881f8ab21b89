import t from 'tap';
import { gstreamerArguments, splitPipeline } from '../../../src/pipeline/capture/gstreamer-arguments.js';

t.test('a pipeline is cut at white space outside quotes', async (t) => {
  t.strictSame(splitPipeline('a ! b   name="x y" ! c'), ['a', '!', 'b', 'name="x y"', '!', 'c']);
  t.strictSame(splitPipeline(`a text='it is' b="say \\"so\\""`), ['a', "text='it is'", 'b="say \\"so\\""']);
  t.strictSame(splitPipeline('video/x-raw(memory:NVMM),width=1'), ['video/x-raw(memory:NVMM),width=1']);
  t.strictSame(splitPipeline(' an "open quote '), ['an', '"open', 'quote']);
  t.strictSame(splitPipeline(''), []);
});

t.test('what makes bytes of the pictures is added', async (t) => {
  const args = gstreamerArguments('videotestsrc is-live=true');
  t.strictSame(args.slice(0, 4), ['--quiet', 'videotestsrc', 'is-live=true', '!']);
  t.strictSame(args.slice(-4), ['!', 'fdsink', 'fd=1', 'sync=false']);
});

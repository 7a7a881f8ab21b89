// Part of minspnet's packages, beside onnxruntime-node's binding.js: the binding for this system is a package of its own.
const name = `@minspnet/onnxruntime-${process.platform}-${process.arch}`;
try {
  module.exports = require(name);
} catch (error) {
  if (error.code !== 'MODULE_NOT_FOUND') throw error;
  const advice =
    'It is there for Linux with glibc on x64 and arm64, and npm installs it unless it is told to omit optional packages: ' +
    'install minspnet again without --omit=optional, or this package beside it.';
  throw new Error(`ONNX Runtime’s package for this system, ${name}, is not installed. ${advice}`, { cause: error });
}

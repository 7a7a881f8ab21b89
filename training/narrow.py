"""Give an INT8 file that quantise.py wrote with eight-bit weights weights of seven bits.

    python training/narrow.py --model models/minspnet-s

The ranges of the activations stay as they were calibrated, so nothing else about the network changes. The weights are
rounded anew from the FP32 file beside it, except where a graph optimisation has packed them (the stem): those
from their eight bits. Why seven bits: see `quantise` in minspnet/graph.py.
"""

import dataclasses
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from minspnet.settings import option, parse

LARGEST = 64  # as onnxruntime's reduce_range


@dataclasses.dataclass(frozen=True)
class Settings:
    model: str = option(dataclasses.MISSING, "folder of the model; its INT8 file is changed")


def narrow(model, floats):
    """Narrow the weights of every quantised convolution of `model` (QDQ form), in place.

    `floats` are the weights before quantisation by their names. Returns how many tensors were changed.
    """
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    producers = {output: node for node in model.graph.node for output in node.output}
    dequantised = {}  # by the name of the weights, which several nodes may share
    for node in model.graph.node:
        if node.op_type == "Conv" and node.input[1] in producers:
            dequantised.setdefault(producers[node.input[1]].input[0], node)
    for name, node in dequantised.items():
        _, scale_name, _ = producers[node.input[1]].input
        scale = 2 * numpy_helper.to_array(stored[scale_name])
        weights = numpy_helper.to_array(stored[name])
        exact = floats.get(name.removesuffix("_quantized"))
        if exact is not None and exact.shape == weights.shape:
            weights = exact / scale.reshape(-1, *[1] * (weights.ndim - 1))
        else:
            weights = weights / 2
        _store(stored, name, np.clip(np.round(weights), -LARGEST, LARGEST).astype(np.int8))
        _store(stored, scale_name, scale)
        if len(node.input) > 2:  # a bias counts in units of the activations' scale times the weights'
            bias_name, bias_scale_name, _ = producers[node.input[2]].input
            bias = numpy_helper.to_array(stored[bias_name])
            _store(stored, bias_name, np.round(bias / 2).astype(np.int32))
            _store(stored, bias_scale_name, 2 * numpy_helper.to_array(stored[bias_scale_name]))
    return len(dequantised)


def widest(model):
    """The largest magnitude among all eight-bit weights of a model."""
    tensors = [tensor for tensor in model.graph.initializer if tensor.name.endswith(".weight_quantized")]
    return max(int(np.abs(numpy_helper.to_array(tensor).astype(np.int32)).max()) for tensor in tensors)


def _store(stored, name, values):
    stored[name].CopyFrom(numpy_helper.from_array(values, name))


def main(argv=None):
    settings = parse(Settings, argv, __doc__.splitlines()[0])
    folder = Path(settings.model)
    path = folder / f"{folder.name}.int8.onnx"
    model = onnx.load(path)
    if widest(model) <= LARGEST:
        raise SystemExit(f"{path}: its weights have seven bits already")
    floats = onnx.load(folder / f"{folder.name}.fp32.onnx").graph.initializer
    count = narrow(model, {tensor.name: numpy_helper.to_array(tensor) for tensor in floats})
    onnx.save(model, path)
    print(f"{path}: {count} convolutions")


if __name__ == "__main__":
    main()

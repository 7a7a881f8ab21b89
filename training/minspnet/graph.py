"""ONNX graphs: from a network to the FP32 and INT8 files that the runtime loads.

Both files take `pixels` (uint8 [1, H, W, 3]) and give the network's `outputs`. In FP32 the pixels are
divided by 255 in the graph; in INT8 they are the quantised input themselves (scale 1/255, zero point 0),
so no per-pixel arithmetic is left at all.
"""

import io
import tempfile
import warnings

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from .lean import copy_upsampling, flatten_maps, pack_stem, spell_out_softplus
from .network import Detector

INPUT, OUTPUTS = "pixels", tuple(Detector.outputs)
IMAGE = "image"  # the float tensor [1, 3, H, W], 0..1, between the pixels and the first convolution
OPSET = 17
TURN = 16  # calibration pictures whose maps are in memory at once
PERCENTILE = 99.999  # of a map's values lie in its eight-bit range; a few of the rest reach six times as far


def to_onnx(network, size=None):
    """The network as an ONNX model with the float input `image`; H and W free, or `size` (width, height).

    Networks that work out shapes on the way, as ShuffleNet does, need a fixed one.
    """
    width, height = size or (256, 256)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # The TorchScript exporter is announced to go; its graphs are plain and need no further package.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (torch.zeros(1, 3, height, width),),
            buffer,
            dynamo=False,
            opset_version=OPSET,
            input_names=[IMAGE],
            output_names=list(network.outputs),
            dynamic_axes=None if size else {IMAGE: {2: "H", 3: "W"}} | network.outputs,
        )
    model = onnx.load_from_string(buffer.getvalue())
    flatten_maps(model)
    return model


def with_pixels(model):
    """Give a float model the input `pixels`: transpose, cast, divide by 255."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    graph = model.graph
    scale = numpy_helper.from_array(np.float32(1 / 255), "pixel_scale")
    graph.initializer.append(scale)
    front = [
        helper.make_node("Transpose", [INPUT], ["pixels_nchw"], perm=[0, 3, 1, 2], name="pixels_transpose"),
        helper.make_node("Cast", ["pixels_nchw"], ["pixels_float"], to=TensorProto.FLOAT, name="pixels_cast"),
        helper.make_node("Mul", ["pixels_float", "pixel_scale"], [IMAGE], name="pixels_scale"),
    ]
    _replace_input(graph, front)
    onnx.checker.check_model(model, full_check=True)
    return model


def _with_quantised_pixels(model):
    """Make the pixels of an INT8 model its quantised input: the first QuantizeLinear falls away."""
    graph = model.graph
    first = [node for node in graph.node if node.op_type == "QuantizeLinear" and node.input[0] == IMAGE]
    if len(first) != 1:
        raise ValueError(f"expected one QuantizeLinear behind {IMAGE}, found {len(first)}")
    quantised = first[0].output[0]
    for tensor in graph.initializer:
        if tensor.name == first[0].input[1]:
            tensor.CopyFrom(numpy_helper.from_array(np.float32(1 / 255), tensor.name))
        if tensor.name == first[0].input[2]:
            tensor.CopyFrom(numpy_helper.from_array(np.uint8(0), tensor.name))
    graph.node.remove(first[0])
    front = [helper.make_node("Transpose", [INPUT], [quantised], perm=[0, 3, 1, 2], name="pixels_transpose")]
    _replace_input(graph, front)
    return model


def lean(model):
    """Rewrite an INT8 model that reads its pixels as they are into cheaper nodes (`lean.py`), in place."""
    graph = model.graph
    stem = next(node for node in graph.node if node.op_type == "Conv")
    pack_stem(model, next(node for node in graph.node if INPUT in node.input), stem)
    copy_upsampling(model)
    spell_out_softplus(model)
    del graph.value_info[:]  # shapes of what was there before
    onnx.checker.check_model(model, full_check=True)
    return model


def _replace_input(graph, front):
    graph.input.remove(next(value for value in graph.input if value.name == IMAGE))
    graph.input.insert(0, helper.make_tensor_value_info(INPUT, TensorProto.UINT8, [1, "H", "W", 3]))
    for node in reversed(front):
        graph.node.insert(0, node)


class _Pictures(CalibrationDataReader):
    """Pictures of one size at a time, as histograms want them; `set_range` goes on by TURN of them."""

    def __init__(self, pictures):
        by_size = {}
        for pixels in pictures:
            by_size.setdefault(pixels.shape, []).append(pixels)
        # Filled up with its own first ones, each size makes whole turns.
        whole = ((same * TURN)[: -(-len(same) // TURN) * TURN] for same in by_size.values())
        self._pictures = [pixels for same in whole for pixels in same]
        self._left = iter(())

    def __len__(self):
        return len(self._pictures)

    def set_range(self, start_index, end_index):
        self._left = iter(self._pictures[start_index:end_index])

    def get_next(self):
        pixels = next(self._left, None)
        if pixels is None:
            return None
        return {IMAGE: pixels.transpose(2, 0, 1)[None].astype(np.float32) / 255}


def quantise(model, pictures, path, activations="u8", method="percentile", exclude=()):
    """Write the INT8 form of a float model (see `to_onnx`) to `path`.

    Static, per channel, signed weights of seven bits: on x86 without VNNI two products of eight bits overflow
    the sixteen that pmaddubsw adds them in (minspnet-s: AP50 .513 in place of .541). `pictures` are uint8 RGB [H, W, 3] arrays for the
    calibration. `activations` is "u8" or "s8"; `exclude` names nodes that stay in float.
    """
    with tempfile.TemporaryDirectory() as folder:
        prepared, quantised = f"{folder}/prepared.onnx", f"{folder}/quantised.onnx"
        onnx.save(model, prepared)
        # Folds constants and works out shapes, without which the quantiser leaves nodes out.
        quant_pre_process(prepared, prepared, skip_symbolic_shape=True)
        _quantise_file(prepared, quantised, pictures, activations, method, exclude)
        model = onnx.load(quantised)
        # The bytes are unsigned, so only unsigned activations can begin with them as they are.
        model = lean(_with_quantised_pixels(model)) if activations == "u8" else with_pixels(model)
        onnx.save(model, path)


def _behind_the_heads(path):
    """Names of the nodes that only lay out, and stretch, what a head's convolutions said.

    In eight bits each of them would round once more: three times for a distance.
    """
    graph = onnx.load(path).graph
    convolved = {name for node in graph.node if node.op_type == "Conv" for name in node.input}
    behind, wanted = [], {value.name for value in graph.output}
    for node in reversed(graph.node):
        if wanted & set(node.output) and node.op_type != "Conv" and not convolved & set(node.output):
            behind.append(node.name)
            wanted |= set(node.input)
    return behind


def _quantise_file(prepared, quantised, pictures, activations, method, exclude):
    quantize_static(
        prepared,
        quantised,
        _Pictures(pictures),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        reduce_range=True,
        activation_type=QuantType.QUInt8 if activations == "u8" else QuantType.QInt8,
        weight_type=QuantType.QInt8,
        calibrate_method={
            "minmax": CalibrationMethod.MinMax,
            "percentile": CalibrationMethod.Percentile,
            "entropy": CalibrationMethod.Entropy,
        }[method],
        nodes_to_exclude=[*exclude, *_behind_the_heads(prepared)],
        extra_options={
            "ActivationSymmetric": False,
            "WeightSymmetric": True,
            "CalibPercentile": PERCENTILE,
            "CalibStridedMinMax": TURN,
        },
    )

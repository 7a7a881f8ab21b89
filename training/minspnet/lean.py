"""The same numbers by cheaper nodes: what an exported graph is rewritten to, for ONNX Runtime's kernels.

Every rewrite keeps what the graph says, bit for bit where it is in eight bits. They use that the batch is 1,
and that a map in NHWC order holds a pixel's channels side by side, so that neighbours of a row may be read as
more channels of one pixel, and back, without moving a byte.
"""

import numpy as np
from onnx import helper, numpy_helper

PACKED = 4  # pixels of a row that the packed stem reads as one
TO_NHWC, TO_NCHW = [0, 2, 3, 1], [0, 3, 1, 2]


def _initializer(graph, name):
    return next((tensor for tensor in graph.initializer if tensor.name == name), None)


def _constant(graph, name, values):
    """An int64 initializer with these values, added unless it is there already; its name."""
    if _initializer(graph, name) is None:
        graph.initializer.append(numpy_helper.from_array(np.array(values, np.int64), name))
    return name


def _producer(graph, name):
    return next((node for node in graph.node if name in node.output), None)


def _readers(graph, name):
    return [node for node in graph.node if name in node.input]


def _insert_after(graph, node, added):
    place = list(graph.node).index(node) + 1
    for offset, new in enumerate(added):
        graph.node.insert(place + offset, new)


def _remove_unread(graph):
    """Drop the nodes, and then the initializers, that nothing reads any more."""
    while True:
        read = {name for node in graph.node for name in node.input} | {value.name for value in graph.output}
        unread = [node for node in graph.node if not read & set(node.output)]
        if not unread:
            break
        for node in unread:
            graph.node.remove(node)
    for tensor in [tensor for tensor in graph.initializer if tensor.name not in read]:
        graph.initializer.remove(tensor)


def flatten_maps(model):
    """[1, C, H, W] -> [1, C, H W] by a constant shape instead of four nodes that work it out."""
    graph = model.graph
    for node in graph.node:
        shape = _producer(graph, node.input[1]) if node.op_type == "Reshape" else None
        if shape is not None and shape.op_type == "Concat":
            node.input[1] = _constant(graph, "flat_shape", [0, 0, -1])
    _remove_unread(graph)


def spell_out_softplus(model):
    """Softplus as log(exp(x) + 1): ONNX Runtime computes those four times as fast.

    For quantised x, whose range is bounded: from x = 88 on float32 overflows.
    """
    graph = model.graph
    graph.initializer.append(numpy_helper.from_array(np.float32(1), "one"))
    for node in [node for node in graph.node if node.op_type == "Softplus"]:
        name = node.name
        _insert_after(
            graph,
            node,
            [
                helper.make_node("Exp", [node.input[0]], [f"{name}_exp"], name=f"{name}_exp"),
                helper.make_node("Add", [f"{name}_exp", "one"], [f"{name}_sum"], name=f"{name}_sum"),
                helper.make_node("Log", [f"{name}_sum"], [node.output[0]], name=f"{name}_log"),
            ],
        )
        graph.node.remove(node)


def copy_upsampling(model):
    """Doubling a quantised map by joining it to itself, twice, instead of by Resize: a quarter of the time.

    Between a QuantizeLinear and a DequantizeLinear of one scale; nearest, by 2.
    """
    graph = model.graph
    for node in [node for node in graph.node if node.op_type == "Resize"]:
        before = _producer(graph, node.input[0])
        (after,) = _readers(graph, node.output[0])
        if (before.op_type, after.op_type) != ("DequantizeLinear", "QuantizeLinear") or any(
            not _same(graph, before.input[i], after.input[i]) for i in (1, 2)
        ):
            raise ValueError(f"{node.name}: not between a dequantised map and its quantisation")
        channels = _channels(graph, before.input[0])
        name = node.name
        rows = _constant(graph, "doubled_rows", [1, -1, 0, 0])
        columns = _constant(graph, f"{name}_columns", [0, 0, -1, channels])

        def step(kind, inputs, output, name=name, **attributes):
            return helper.make_node(kind, inputs, [f"{name}_{output}"], name=f"{name}_{output}", **attributes)

        added = [
            # [1, C, H, W] -> [H, 1, W, C], the batch of 1 changing its place
            step("Transpose", [before.input[0]], "nhwc", perm=TO_NHWC),
            step("Transpose", [f"{name}_nhwc"], "rows", perm=[1, 0, 2, 3]),
            step("Concat", [f"{name}_rows"] * 2, "twice", axis=1),
            step("Reshape", [f"{name}_twice", rows], "tall", allowzero=0),
            step("Concat", [f"{name}_tall"] * 2, "wide", axis=3),
            step("Reshape", [f"{name}_wide", columns], "doubled", allowzero=0),
            step("Transpose", [f"{name}_doubled"], "nchw", perm=TO_NCHW),
        ]
        _insert_after(graph, after, added)
        for reader in _readers(graph, after.output[0]):
            reader.input[list(reader.input).index(after.output[0])] = f"{name}_nchw"
        graph.node.remove(node)
        graph.node.remove(after)
    _remove_unread(graph)


def _same(graph, one, other):
    values = [numpy_helper.to_array(_initializer(graph, name)) for name in (one, other)]
    return one == other or np.array_equal(*values)


def _channels(graph, name):
    """Channels of a quantised map: those of the convolution that made it."""
    node = _producer(graph, name)
    while node.op_type != "Conv":
        node = _producer(graph, node.input[0])
    weight = _producer(graph, node.input[1]).input[0]  # behind its DequantizeLinear
    return _initializer(graph, weight).dims[0]


def pack_stem(model, pixels, stem):
    """Read PACKED pixels of a row as one of 3 PACKED channels, and give two columns at once.

    A 3x3 convolution of stride 2 over three channels has 27 products a value, fetched a few bytes at a time:
    an eighth of the whole network's time. Here it is 3x2 with stride (2, 1) over twelve channels, and gives
    2 C channels that lie in memory as two pixels of C; the weights that were not there are zeros. `pixels` is
    the Transpose behind the input, `stem` the convolution, both nodes of an INT8 graph; widths must be
    multiples of 4.
    """
    graph = model.graph
    weight, bias = (_producer(graph, stem.input[number]) for number in (1, 2))
    old = numpy_helper.to_array(_initializer(graph, weight.input[0]))
    channels, columns = len(old), PACKED // 2
    new = np.zeros((columns * channels, PACKED * 3, 3, 2), old.dtype)
    for column in range(columns):
        for tap in range(3):
            x = 2 * column + tap - 1  # in the pixel's group of PACKED; -1 is the last of the group before it
            first = (x % PACKED) * 3
            outputs = slice(column * channels, (column + 1) * channels)
            new[outputs, first : first + 3, :, x // PACKED + 1] = old[..., tap]
    _replace(graph, weight.input[0], new)
    for name in (*weight.input[1:], *bias.input):
        _replace(graph, name, np.tile(numpy_helper.to_array(_initializer(graph, name)), columns))
    for attribute in stem.attribute:
        changed = {"kernel_shape": [3, 2], "strides": [2, 1], "pads": [1, 1, 0, 0]}.get(attribute.name)
        if changed:
            attribute.ints[:] = changed
    packed = helper.make_node(
        "Reshape",
        [pixels.input[0], _constant(graph, "packed_shape", [0, 0, -1, PACKED * 3])],
        ["pixels_packed"],
        name="pixels_pack",
    )
    pixels.input[0] = packed.output[0]
    graph.node.insert(0, packed)
    (quantised,) = _readers(graph, stem.output[0])
    readers = _readers(graph, quantised.output[0])
    unpacked = [
        helper.make_node("Transpose", [quantised.output[0]], ["stem_nhwc"], perm=TO_NHWC, name="stem_nhwc"),
        helper.make_node(
            "Reshape",
            ["stem_nhwc", _constant(graph, "unpacked_shape", [0, 0, -1, channels])],
            ["stem_unpacked"],
            name="stem_unpack",
        ),
        helper.make_node("Transpose", ["stem_unpacked"], ["stem_nchw"], perm=TO_NCHW, name="stem_nchw"),
    ]
    _insert_after(graph, quantised, unpacked)
    for reader in readers:
        reader.input[0] = unpacked[-1].output[0]


def _replace(graph, name, array):
    _initializer(graph, name).CopyFrom(numpy_helper.from_array(np.ascontiguousarray(array), name))

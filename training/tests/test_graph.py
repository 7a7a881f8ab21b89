import numpy as np
import onnx
import pytest
import torch

from minspnet import graph
from minspnet.checkpoints import fused
from minspnet.evaluation import torch_predictor
from minspnet.graph import INPUT, OUTPUTS, quantise, to_onnx, with_pixels
from minspnet.network import Classifier, Detector, Segmenter
from minspnet.runtime import predictor, session

SIZES = ((64, 64), (96, 32), (160, 96))


@pytest.fixture(scope="module")
def pictures():
    generator = np.random.default_rng(3)
    # Smooth, as pictures are: noise alone would leave every range but the middle unused.
    coarse = generator.integers(0, 256, (8, 6, 10, 3), dtype=np.uint8)
    return [np.kron(block, np.ones((16, 16, 1), np.uint8)) for block in coarse]


@pytest.fixture
def network(toy):
    torch.manual_seed(0)
    network = Detector(toy).train()
    with torch.no_grad():
        for _ in range(20):
            network(torch.rand(4, 3, 64, 64) * torch.rand(4, 1, 1, 1))
    for conv in [*network.head.logits, *network.head.distances]:
        torch.nn.init.normal_(conv.weight, std=0.3)  # as decided as a trained head
    return network.eval()


def save(model, path):
    onnx.save(model, path)
    return path


def operators(path):
    return {node.op_type for node in onnx.load(path).graph.node}


def test_fp32_says_what_pytorch_says_at_every_size(network, tmp_path, pictures):
    path = save(with_pixels(to_onnx(fused(network))), tmp_path / "m.onnx")
    run, reference = predictor(session(path)), torch_predictor(network)
    for width, height in SIZES:
        pixels = np.ascontiguousarray(pictures[0][:height, :width])[None]
        for ours, theirs in zip(run(pixels), reference(pixels), strict=True):
            assert ours.shape == theirs.shape
            assert np.abs(ours - theirs).max() <= 1e-3


def test_both_files_keep_the_contract(network, tmp_path, pictures):
    fp32 = save(with_pixels(to_onnx(fused(network))), tmp_path / "m.fp32.onnx")
    int8 = tmp_path / "m.int8.onnx"
    quantise(to_onnx(fused(network)), pictures, int8)
    for path in (fp32, int8):
        model = onnx.load(path)
        assert model.opset_import[0].version >= 17
        assert [value.name for value in model.graph.input] == [INPUT]
        assert [value.name for value in model.graph.output] == list(OUTPUTS)
        kind = model.graph.input[0].type.tensor_type
        assert kind.elem_type == onnx.TensorProto.UINT8
        assert [d.dim_value for d in kind.shape.dim] == [1, 0, 0, 3]
        assert not operators(path) & {"NonMaxSuppression", "If", "Loop", "BatchNormalization"}


def test_int8_reads_the_bytes_as_they_are(network, tmp_path, pictures):
    path = tmp_path / "m.int8.onnx"
    quantise(to_onnx(fused(network)), pictures, path)
    nodes, initializers = onnx.load(path).graph.node, onnx.load(path).graph.initializer
    pack = next(node for node in nodes if INPUT in node.input)
    transpose = next(node for node in nodes if pack.output[0] in node.input)
    dequantise = next(node for node in nodes if transpose.output[0] in node.input)
    kinds = [node.op_type for node in (pack, transpose, dequantise)]
    assert kinds == ["Reshape", "Transpose", "DequantizeLinear"]
    values = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in initializers}
    assert np.isclose(values[dequantise.input[1]], 1 / 255) and values[dequantise.input[2]] == 0


def test_weights_fit_into_seven_bits(network, tmp_path, pictures):
    path = tmp_path / "m.int8.onnx"
    quantise(to_onnx(fused(network)), pictures, path)
    stored = onnx.load(path).graph.initializer
    weights = [
        onnx.numpy_helper.to_array(tensor) for tensor in stored if tensor.name.endswith(".weight_quantized")
    ]
    assert weights and max(np.abs(values.astype(int)).max() for values in weights) == 64


def test_the_lean_graph_says_bit_for_bit_what_the_plain_one_says(network, tmp_path, pictures, monkeypatch):
    quantise(to_onnx(fused(network)), pictures, tmp_path / "lean.onnx")
    monkeypatch.setattr(graph, "lean", lambda model: model)
    quantise(to_onnx(fused(network)), pictures, tmp_path / "plain.onnx")
    lean, plain = (predictor(session(tmp_path / f"{name}.onnx")) for name in ("lean", "plain"))
    for width, height in SIZES:
        pixels = np.ascontiguousarray(pictures[2][:height, :width])[None]
        (logits, distances), (their_logits, their_distances) = lean(pixels), plain(pixels)
        assert np.array_equal(logits, their_logits)
        np.testing.assert_allclose(distances, their_distances, rtol=1e-5)  # the softplus is float
    assert {"Resize", "Softplus"} <= operators(tmp_path / "plain.onnx")
    assert not {"Resize", "Softplus"} & operators(tmp_path / "lean.onnx")


def test_behind_the_heads_nothing_is_rounded_again(network, tmp_path, pictures):
    path = tmp_path / "m.int8.onnx"
    quantise(to_onnx(fused(network)), pictures, path)
    nodes = onnx.load(path).graph.node
    behind, steps = set(OUTPUTS), []
    for node in reversed(nodes):
        if behind & set(node.output) and node.op_type != "QuantizeLinear":
            steps.append(node.op_type)
            behind |= set(node.input)
    assert steps.count("DequantizeLinear") == 6  # logits and distances of three strides, once each
    assert "Conv" not in steps


@pytest.mark.parametrize("method", ["minmax", "percentile"])
def test_pictures_of_all_sizes_set_the_ranges(network, tmp_path, pictures, method):
    """The only picture that is not black has a size of its own, and its maps reach further."""
    black = [np.zeros_like(picture) for picture in pictures]
    coloured = [np.ascontiguousarray(pictures[0][:64, :96])]
    steps = []
    for seen in (black, black + coloured):
        quantise(to_onnx(fused(network)), seen, tmp_path / "m.int8.onnx", method=method)
        graph = onnx.load(tmp_path / "m.int8.onnx").graph
        values = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
        names = [node.input[1] for node in graph.node if node.op_type == "QuantizeLinear"]
        steps.append(np.array([values[name] for name in names]))
    assert (steps[1] / steps[0]).max() > 5  # the stem's map; the norms behind it even out the rest


@pytest.mark.parametrize("activations", ["u8", "s8"])
def test_int8_agrees_with_float(network, tmp_path, pictures, activations):
    path = tmp_path / "m.int8.onnx"
    quantise(to_onnx(fused(network)), pictures, path, activations)
    run, reference = predictor(session(path)), torch_predictor(network)
    for width, height in SIZES:
        pixels = np.ascontiguousarray(pictures[1][:height, :width])[None]
        logits, distances = run(pixels)
        true_logits, true_distances = reference(pixels)
        assert np.corrcoef(logits.ravel(), true_logits.ravel())[0, 1] > 0.98
        assert np.corrcoef(distances.ravel(), true_distances.ravel())[0, 1] > 0.98


@pytest.fixture(params=["classifier", "segmenter"])
def other(request, toy):
    """Another network on the same body, whose norms have seen something."""
    torch.manual_seed(0)
    network = (Classifier(toy, 5) if request.param == "classifier" else Segmenter(toy)).train()
    with torch.no_grad():
        for _ in range(20):
            network(torch.rand(4, 3, 64, 64) * torch.rand(4, 1, 1, 1))
    return network.eval()


def test_other_networks_are_exported_and_quantised_in_the_same_way(other, tmp_path, pictures):
    fp32 = save(with_pixels(to_onnx(fused(other))), tmp_path / "m.fp32.onnx")
    int8 = tmp_path / "m.int8.onnx"
    quantise(to_onnx(fused(other)), pictures, int8, method="minmax")
    reference = torch_predictor(other)
    for path, least in ((fp32, 0.999999), (int8, 0.95)):
        opened = session(path)
        assert [output.name for output in opened.get_outputs()] == list(other.outputs)
        for side in (64, 96):
            pixels = np.ascontiguousarray(pictures[1][:side, :side])[None]
            for ours, theirs in zip(predictor(opened)(pixels), reference(pixels), strict=True):
                assert ours.shape == theirs.shape
                assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > least

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

import narrow
from minspnet import graph
from minspnet.checkpoints import fused
from minspnet.evaluation import torch_predictor
from minspnet.network import Detector
from minspnet.runtime import predictor, session


@pytest.fixture
def shipped(toy, tmp_path, monkeypatch):
    """A network, its folder as it ships, with weights of eight bits, and a picture."""
    torch.manual_seed(0)
    network = Detector(toy).train()
    with torch.no_grad():
        for _ in range(20):
            network(torch.rand(4, 3, 64, 64))
    network.eval()
    pixels = np.random.default_rng(3).integers(0, 256, (8, 64, 64, 3), dtype=np.uint8)
    folder = tmp_path / "m"
    folder.mkdir()
    onnx.save(graph.with_pixels(graph.to_onnx(fused(network))), folder / "m.fp32.onnx")
    quantize = graph.quantize_static
    monkeypatch.setattr(
        graph, "quantize_static", lambda *args, **settings: quantize(*args, **settings | {"reduce_range": False})
    )
    graph.quantise(graph.to_onnx(fused(network)), list(pixels), folder / "m.int8.onnx")
    return network, folder, pixels[:1]


def test_weights_have_seven_bits_and_the_answers_stay(shipped):
    network, folder, pixels = shipped
    path = folder / "m.int8.onnx"
    assert narrow.widest(onnx.load(path)) == 127
    narrow.main(["--model", str(folder)])
    assert narrow.widest(onnx.load(path)) <= 64
    for ours, theirs in zip(predictor(session(path))(pixels), torch_predictor(network)(pixels), strict=True):
        assert np.abs(ours - theirs).mean() < 0.1 * theirs.std() + 0.02
    with pytest.raises(SystemExit, match="already"):
        narrow.main(["--model", str(folder)])


def test_biases_keep_their_values_in_the_new_unit(shipped):
    _, folder, _ = shipped

    def biases():
        model = onnx.load(folder / "m.int8.onnx")
        values = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
        names = [name for name in values if name.endswith(".bias_quantized")]
        return {name: values[name] * values[f"{name}_scale"].astype(np.float64) for name in names}

    before = biases()
    narrow.main(["--model", str(folder)])
    after = biases()
    assert before.keys() == after.keys() and before
    assert all(np.allclose(before[name], after[name], atol=1e-2) for name in before)

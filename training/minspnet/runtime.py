"""ONNX Runtime on the CPU: sessions, and a session as `predict` of `evaluation.run_over`."""

import onnxruntime

from .graph import INPUT


def session(path, threads=1):
    """A CPU session with so many threads."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def predictor(opened):
    """uint8 [1, H, W, 3] -> the file's outputs: of a detector logits [1, C, N] and distances [1, 4, N]."""
    return lambda pixels: opened.run(None, {INPUT: pixels})

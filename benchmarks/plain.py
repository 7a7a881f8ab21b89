"""A plain loop around ONNX Runtime's own Python package, as onnxruntime_perf_test is one in C++: nothing of ours.

argv: model, width, height, threads. For each line on stdin so many inferences of random pictures; their mean, ms, on stdout.
"""

import sys
import time

import numpy
import onnxruntime

path, width, height, threads = sys.argv[1], *map(int, sys.argv[2:5])
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = threads
options.inter_op_num_threads = 1
options.add_session_config_entry("session.intra_op.allow_spinning", "0")
session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
pictures = numpy.random.default_rng(1).integers(0, 256, (16, 1, height, width, 3), dtype=numpy.uint8)
name = session.get_inputs()[0].name
print(onnxruntime.__version__, flush=True)
for line in sys.stdin:
    runs = int(line)
    start = time.perf_counter()
    for run in range(runs):
        session.run(None, {name: pictures[run % 16]})
    print((time.perf_counter() - start) / runs * 1000, flush=True)

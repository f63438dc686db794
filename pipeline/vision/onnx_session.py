"""Opens the networks that pictures are read with, on onnxruntime."""

from pathlib import Path

import onnxruntime

from pipeline.errors import Misconfigured


def session_of(model: Path) -> onnxruntime.InferenceSession:
    """The network of an ONNX file, run by one thread. Raises Misconfigured when the file is not there."""
    if not model.is_file():
        raise Misconfigured(model.name, found=str(model), allowed="shipped with the package")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # keeps the process small; costs no measurable time
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])

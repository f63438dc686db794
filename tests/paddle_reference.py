"""Runs PaddleOCR's own TextRecognition offline and returns its probabilities, to which those of vision.paddle must be equal.

PaddleX, which paddleocr is built on, needs three things that are provided here: a folder with `inference.onnx` and
`inference.yml`; a distribution named `opencv-contrib-python`, which it looks up by name although any build of cv2 serves;
and a cache folder for files that it never needs here.
"""

import importlib
import importlib.metadata
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.vision.paddle import LINE_HEIGHT, MIN_WIDTH, MODEL_NAME, model_file


class ReferenceRecogniser:
    """paddleocr.TextRecognition without its decoder. Not thread-safe."""

    def __init__(self) -> None:
        """Load paddleocr and the model: 1 to 4 s."""
        with (
            _offline(),
            tempfile.TemporaryDirectory(prefix="vigie-model-") as folder,
            _opencv_by_any_name(Path(folder)),
        ):
            from paddleocr import TextRecognition  # heavy: loaded only where it is compared

            self._model = TextRecognition(
                model_name=MODEL_NAME,
                model_dir=str(_model_folder(Path(folder) / "model")),
                engine="onnxruntime",
                engine_config={
                    "providers": ["CPUExecutionProvider"],
                    "intra_op_num_threads": 1,
                    "inter_op_num_threads": 1,
                },
                device="cpu",
            )
        self._model.paddlex_predictor.post_op = _keep_probabilities

    def probabilities(self, line: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The probabilities of one line, (h, w, 3) uint8 BGR. Returns (columns, classes)."""
        return np.asarray(self._model.predict(line, batch_size=1)[0]["rec_text"], np.float32)


def _keep_probabilities(
    outputs: list[NDArray[np.float32]], **_: object
) -> tuple[list[NDArray[np.float32]], list[float]]:
    """Replaces PaddleOCR's decoder: returns the columns' probabilities in place of the text."""
    return list(outputs[0]), [0.0] * len(outputs[0])


def _model_folder(folder: Path) -> Path:
    """Make the folder that PaddleX needs, without the dictionary: the decoder that uses it is replaced."""
    folder.mkdir()
    _link_or_copy(model_file(), folder / "inference.onnx")
    settings = {
        "Global": {"model_name": MODEL_NAME},
        "PreProcess": {
            "transform_ops": [
                {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}},
                {"RecResizeImg": {"image_shape": [3, LINE_HEIGHT, MIN_WIDTH]}},
            ]
        },
        "PostProcess": {"name": "CTCLabelDecode", "character_dict": ["0"]},
    }
    (folder / "inference.yml").write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML
    return folder


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        target.symlink_to(source)
    except OSError:  # a file system, or a user, that may not link
        shutil.copyfile(source, target)


@contextmanager
def _offline() -> Iterator[None]:
    """Keep PaddleX and the hubs that it imports from using the network and from writing into the home folder."""
    cache = Path(tempfile.gettempdir()) / f"vigie-paddlex-{os.getuid() if hasattr(os, 'getuid') else 'user'}"
    wanted = {
        "PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "True",
        "PADDLE_PDX_CACHE_HOME": str(cache),
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "MODELSCOPE_CACHE": str(cache / "modelscope"),
    }
    for name, value in wanted.items():
        os.environ.setdefault(name, value)
    yield


@contextmanager
def _opencv_by_any_name(folder: Path) -> Iterator[None]:
    """Make the installed cv2 appear as a distribution named opencv-contrib-python while paddleocr loads."""
    note = folder / "opencv_contrib_python-0.dist-info"
    note.mkdir()
    version_of_cv2 = importlib.metadata.version("opencv-python-headless")
    (note / "METADATA").write_text(f"Metadata-Version: 2.1\nName: opencv-contrib-python\nVersion: {version_of_cv2}\n")
    sys.path.append(str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        importlib.invalidate_caches()

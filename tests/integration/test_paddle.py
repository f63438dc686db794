"""The recogniser that onnxruntime runs alone says what PaddleOCR itself says."""

from random import Random

import cv2
import numpy as np

from pipeline.vision.paddle import PaddleRecogniser
from pipeline.vision.rendering.plate_art import draw_plate_art
from tests.paddle_reference import ReferenceRecogniser


def test_the_probabilities_are_those_of_paddleocr() -> None:
    """Plates, narrow and wide, sharp and small, and noise: equal to the last bit."""
    ours, reference, random = PaddleRecogniser(), ReferenceRecogniser(), Random(11)
    for number in range(12):
        art = draw_plate_art(f"{random.randint(1, 9)}ABC{random.randint(100, 999)}", "BE")
        size = random.randint(40, 700), random.randint(16, 64)
        line = cv2.resize(art, size, interpolation=cv2.INTER_AREA)
        if number % 4 == 3:
            line = np.random.default_rng(number).integers(0, 256, line.shape, np.uint8)
        expected, found = reference.probabilities(line), ours.probabilities(line)
        assert expected.shape == found.shape
        assert 0.0 == float(np.abs(expected - found).max())

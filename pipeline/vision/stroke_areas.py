"""Finds areas of a picture that are full of upright strokes, as plates are, at four scales."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.vision.boxes import Box
from pipeline.vision.rows import Grey

MAX_AREAS = 10  # of one scale examined for rows, strongest strokes first
_MOST_SEARCHED = 12_500_000  # pixels


def stroke_areas(grey: Grey) -> list[Box]:
    """Areas full of upright strokes, in pixels of the picture, from its own scale, a half, a quarter and an eighth of it; its own
    scale is left out for more than 12.5 megapixels."""
    found: list[Box] = []
    scale = 1
    while grey.size > _MOST_SEARCHED:  # of so large a picture the own scale is left out: it would take seconds
        grey = np.asarray(cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
        scale *= 2
    while scale <= 8 and min(grey.shape) >= 24:
        strongest = sorted(_level(grey), key=lambda item: -item[0])[:MAX_AREAS]
        found += [(x * scale, y * scale, w * scale, h * scale) for _, (x, y, w, h) in strongest]
        grey = np.asarray(cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
        scale *= 2
    return found


def _level(grey: Grey) -> list[tuple[float, Box]]:
    """Stroke areas of one scale, for plates 8 to 40 pixels high."""
    letters = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, _rectangle(13, 5))
    strokes = cv2.convertScaleAbs(cv2.Sobel(letters, cv2.CV_16S, 1, 0, ksize=3), alpha=0.5)
    joined_up = cv2.morphologyEx(cv2.GaussianBlur(strokes, (5, 5), 0), cv2.MORPH_CLOSE, _rectangle(17, 5))
    _, strong = cv2.threshold(joined_up, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    strong = cv2.morphologyEx(strong, cv2.MORPH_OPEN, _rectangle(9, 5))
    outlines, _ = cv2.findContours(strong, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)  # a tenth of labelling's time
    areas: list[tuple[float, Box]] = []
    for outline in outlines:
        x, y, w, h = cv2.boundingRect(outline)
        if 8 <= h <= 40 and 1.6 * h <= w <= 10 * h and cv2.contourArea(outline) >= 0.35 * w * h:
            areas.append((float(joined_up[y : y + h, x : x + w].mean()), (x, y, w, h)))
    return areas


@lru_cache
def _rectangle(width: int, height: int) -> NDArray[np.uint8]:
    return np.ones((height, width), np.uint8)

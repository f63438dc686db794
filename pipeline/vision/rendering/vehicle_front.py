"""Draws the front of a vehicle with its plate, flat: body, glass, grille, lamps, by day and by night."""

from random import Random

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.vision.rendering.plate_art import draw_plate_art
from schemas.base import Country

FRONT_SIZE = (1000, 640)  # a vehicle's front, 2 x 1.28 m: 500 pixels a metre
PLATE_BOX = (370, 470, 260, 55)  # of it: x, y, width, height
_PAINTS = ((60, 58, 55), (150, 150, 152), (225, 225, 226), (128, 62, 32), (38, 32, 140), (92, 98, 64))  # BGR


def draw_front(random: Random, plate: str, country: Country, night: bool) -> NDArray[np.uint8]:
    """Draw a vehicle's front with its plate: (640, 1000, 4) uint8, BGR and opacity."""
    front = np.zeros((FRONT_SIZE[1], FRONT_SIZE[0], 4), np.uint8)
    paint = random.choice(_PAINTS)
    body = np.array(
        [(60, 610), (40, 330), (190, 270), (270, 40), (730, 40), (810, 270), (960, 330), (940, 610)], np.int32
    )
    cv2.fillPoly(front, [body], (*paint, 255), cv2.LINE_AA)
    glass = np.array([(225, 260), (295, 70), (705, 70), (775, 260)], np.int32)
    cv2.fillPoly(front, [glass], (62, 56, 50, 255), cv2.LINE_AA)
    cv2.rectangle(front, (250, 330), (750, 430), (30, 30, 32, 255), -1, cv2.LINE_AA)
    cv2.rectangle(front, (120, 560), (880, 625), (26, 26, 28, 255), -1, cv2.LINE_AA)
    for x in (140, 860):
        cv2.ellipse(front, (x, 370), (78, 40), 0, 0, 360, (225, 228, 228, 255), -1, cv2.LINE_AA)
    if night:
        front[:, :, :3] = (front[:, :, :3] * 0.22).astype(np.uint8)
        for x in (140, 860):
            cv2.ellipse(front, (x, 370), (78, 40), 0, 0, 360, (255, 255, 255, 255), -1, cv2.LINE_AA)
    x, y, width, height = PLATE_BOX
    cv2.rectangle(front, (x - 5, y - 5), (x + width + 5, y + height + 5), (22, 22, 22, 255), -1)
    art = cv2.resize(draw_plate_art(plate, country), (width, height), interpolation=cv2.INTER_AREA)
    if random.random() < 0.3:  # a shade across it
        art = (art * np.linspace(1.0, random.uniform(0.7, 0.9), width)[None, :, None]).astype(np.uint8)
    front[y : y + height, x : x + width, :3] = art
    return front

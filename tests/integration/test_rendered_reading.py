"""Rendered pictures are as readable as a well mounted camera's: what the demo shows rests on it."""

from random import Random

from pipeline.simulation.vehicles import WantedTexts, draw_vehicle
from pipeline.vision.reading import PlateReader
from pipeline.vision.rendering.passages import render_passage
from pipeline.vision.scene import read_picture


def test_nine_of_ten_day_passages_are_read_right() -> None:
    """One picture each, the nearest; thirty vehicles of several countries."""
    reader, random, wanted = PlateReader.load(), Random(11), WantedTexts(())
    right = 0
    for _ in range(30):
        vehicle = draw_vehicle(random, wanted)
        view = render_passage(random, vehicle.plate, vehicle.country, views=2).views[-1]
        reads = read_picture(view.image, reader).reads
        right += bool(reads) and reads[0].plate == vehicle.plate
    assert right >= 27

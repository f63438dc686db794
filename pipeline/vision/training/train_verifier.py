"""Trains the verifier of blocks: one command, one seed, one processor core, about half an hour.

    uv sync --group training
    python -m pipeline.vision.training.train_verifier --fonts FOLDER --out pipeline/vision/models/verifier.onnx

FOLDER is filled by `python -m pipeline.vision.training.train --fetch`. Each round draws new blocks and uses each of them EPOCHS
times. What is written is the running mean of the weights, which reads what nobody drew better than the last ones.
"""

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from pipeline.vision.training.blocks import block
from pipeline.vision.training.typefaces import Typeface, typefaces_in
from pipeline.vision.verify import HIGH, WIDE

ROUNDS, COUNT, EPOCHS, BATCH = 10, 20_000, 2, 64
PEAK_RATE = 2e-3
_KEPT = 0.999  # of the running mean, at each step
_HELD_OUT = 10**9  # numbers from here on are for measuring
_CHECKED = 2_000


class VerifierNetwork(nn.Module):
    """Maps blocks (n, 1, HIGH, WIDE) of grey 0..1 to log odds (n, 2): that the block is of a plate, and that it shows all
    characters of it."""

    def __init__(self) -> None:
        super().__init__()
        self.look = nn.Sequential(
            *_stage(1, 16, 2),
            *_stage(16, 32, 2),
            *_stage(32, 32, 1),
            *_stage(32, 48, 2),
            *_stage(48, 48, 1),
            *_stage(48, 64, 2),
        )
        self.say = nn.Sequential(
            nn.Flatten(), nn.Dropout(0.2), nn.Linear(64 * (HIGH // 16) * (WIDE // 16), 48), nn.ReLU(), nn.Linear(48, 2)
        )

    def forward(self, blocks: Tensor) -> Tensor:
        """See VerifierNetwork."""
        said: Tensor = self.say(self.look(blocks))
        return said


def _stage(inputs: int, outputs: int, stride: int) -> tuple[nn.Module, ...]:
    convolution = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
    return convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)


def drawn(seed: int, first: int, count: int, faces: list[Typeface]) -> tuple[Tensor, Tensor]:
    """Draw `count` blocks from number `first` on. Returns them, (n, 1, HIGH, WIDE) uint8, and their labels, (n, 2) of 0 or
    1: on a plate, complete."""
    cv2.setNumThreads(1)
    pictures, said = np.empty((count, 1, HIGH, WIDE), np.uint8), np.empty((count, 2), np.float32)
    for number in range(count):
        one = block(seed, first + number, faces)
        pictures[number, 0], said[number] = one.picture, (one.is_plate, one.is_whole)
    return torch.from_numpy(pictures), torch.from_numpy(said)


def train(seed: int, rounds: int, count: int, fonts: Path, out: Path) -> None:
    """Draw `count` blocks in each of `rounds` rounds, train on them, and write the ONNX file after each round."""
    torch.manual_seed(seed)
    faces = typefaces_in(fonts)
    held_out = drawn(seed, _HELD_OUT, _CHECKED, faces)
    network = VerifierNetwork()
    mean = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(_KEPT), use_buffers=True)
    optimiser = torch.optim.AdamW(network.parameters(), lr=PEAK_RATE, weight_decay=1e-3)
    steps = rounds * EPOCHS * (count // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, PEAK_RATE, total_steps=steps)
    began = time.process_time()
    for number in range(rounds):
        pictures, said = drawn(seed, number * count, count, faces)
        network.train()
        total = 0.0
        for chosen in _batches(count):
            loss = loss_of(network(varied(pictures[chosen])), said[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            mean.update_parameters(network)
            total += float(loss.detach())
        right = shares_right(mean.module, *held_out)
        told = {"round": number + 1, "loss": round(total * BATCH / count / EPOCHS, 4), "right": right}
        print(json.dumps({**told, "cpu_seconds": round(time.process_time() - began)}), flush=True)
        export(mean.module, out)


def _batches(count: int) -> Iterator[Tensor]:
    """The indices of `count` blocks in a random order, EPOCHS times, a batch at a time."""
    for _ in range(EPOCHS):
        order = torch.randperm(count)
        yield from (order[first : first + BATCH] for first in range(0, count - BATCH + 1, BATCH))


def varied(pictures: Tensor) -> Tensor:
    """A float copy, 0..1, of uint8 blocks with random changes: shifted, brighter or darker, more or less contrast, noise."""
    lines = pictures.float() / 255.0
    lines = torch.roll(lines, (int(torch.randint(-1, 2, ())), int(torch.randint(-2, 3, ()))), (2, 3))
    contrast, light = 0.8 + 0.4 * torch.rand(len(lines), 1, 1, 1), 0.2 * torch.rand(len(lines), 1, 1, 1) - 0.1
    noise = torch.randn_like(lines) * 0.04 * torch.rand(len(lines), 1, 1, 1)
    return ((lines - 0.5) * contrast + 0.5 + light + noise).clamp(0.0, 1.0)


def loss_of(log_odds: Tensor, said: Tensor) -> Tensor:
    """The loss to be made small. said: the true labels. The first label (on a plate) counts for every block, the second
    (complete) only for blocks that are on a plate."""
    each = nn.functional.binary_cross_entropy_with_logits(log_odds, said, reduction="none")
    return each[:, 0].mean() + (each[:, 1] * said[:, 0]).sum() / said[:, 0].sum().clamp(min=1.0)


def shares_right(network: nn.Module, pictures: Tensor, said: Tensor) -> list[float]:
    """Two shares, 0..1: of all blocks, those classified rightly as plate or not; of those on plates, those classified
    rightly as complete or not. The blocks are to be others than those trained on."""
    network.eval()
    with torch.no_grad():
        right = ((network(pictures.float() / 255.0) > 0) == (said > 0.5)).float()
    of_plates = said[:, 0] > 0.5
    return [round(float(right[:, 0].mean()), 4), round(float(right[of_plates, 1].mean()), 4)]


def export(network: nn.Module, out: Path) -> None:
    """Write the ONNX file: input "blocks" (n, 1, HIGH, WIDE) float32 0..1, output "log_odds" (n, 2)."""
    network.eval()
    out.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        network,
        (torch.zeros(1, 1, HIGH, WIDE),),
        str(out),
        input_names=["blocks"],
        output_names=["log_odds"],
        dynamic_axes={"blocks": {0: "n"}, "log_odds": {0: "n"}},
        opset_version=17,
        dynamo=False,  # the older exporter needs no further package
    )


def main() -> None:
    """Read the arguments and train."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--fonts", type=Path, required=True, help="folder of the fonts")
    options.add_argument("--out", type=Path, required=True, help="the ONNX file to write")
    options.add_argument("--seed", type=int, default=7)
    options.add_argument("--rounds", type=int, default=ROUNDS)
    options.add_argument("--count", type=int, default=COUNT, help="blocks that are drawn in a round")
    given = options.parse_args()
    torch.set_num_threads(1)
    train(given.seed, given.rounds, given.count, given.fonts, given.out)


if __name__ == "__main__":
    main()

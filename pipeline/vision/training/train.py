"""Train the line reader: one command, one seed, two processor cores, under three hours.

    uv sync --group training
    python -m pipeline.vision.training.train --fonts FOLDER --out pipeline/vision/models/reader.onnx

FOLDER is filled by `--fetch` (npm, some 100 MB). A checkpoint is written every few minutes beside the output; a run that was
stopped goes on from it.
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from pipeline.vision.ctc import ALPHABET
from pipeline.vision.training.export import export
from pipeline.vision.training.network import LineNetwork
from pipeline.vision.training.samples import sample
from pipeline.vision.training.typefaces import Typeface, fetch, typefaces_in

BATCH = 64
STEPS = 9_000
PEAK_RATE = 2e-3
HALF = bool(
    torch.cpu.get_capabilities().get("avx512_bf16")
)  # where the processor only imitates bf16, it takes three times as long
_RISE = 300  # steps
_FALL = 1 / 3  # of all steps
_KEEP = 0.999  # of the averaged weights at each step
_HELD_OUT = 10**9  # numbers from here on are for measuring
_CHECK_EVERY = 500


@dataclass(frozen=True, slots=True)
class TrainingBatch:
    """One training batch. lines: (n, 1, 32, 192) grey 0..1. targets: the class numbers of all texts, one text after the
    other. lengths: how many characters each text has."""

    lines: Tensor
    targets: Tensor
    lengths: Tensor


class LineDataset(Dataset[tuple[Tensor, str]]):
    """A data set of synthetic lines by number. Each is drawn when it is read."""

    def __init__(self, seed: int, first: int, count: int, faces: list[Typeface]) -> None:
        self._seed, self._first, self._count, self._faces = seed, first, count, faces

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: int) -> tuple[Tensor, str]:
        cv2.setNumThreads(1)
        grey, text = sample(self._seed, self._first + number, self._faces)
        return torch.from_numpy(grey), text


def collated(items: list[tuple[Tensor, str]]) -> TrainingBatch:
    """Join several lines with their texts into one batch."""
    lines = torch.stack([line for line, _ in items])[:, None].float() / 255.0
    targets = torch.tensor([1 + ALPHABET.index(c) for _, text in items for c in text], dtype=torch.long)
    return TrainingBatch(lines, targets, torch.tensor([len(text) for _, text in items], dtype=torch.long))


def _batches(lines: LineDataset, workers: int) -> Iterator[TrainingBatch]:
    yield from DataLoader(
        lines, BATCH, num_workers=workers, collate_fn=collated, prefetch_factor=4 if workers else None
    )


def train(seed: int, steps: int, fonts: Path, out: Path, workers: int) -> None:
    """Train until `steps` steps of BATCH lines are done, then write the ONNX file `out`. It goes on from the checkpoint beside
    that (.pt), if there is one. workers: processes that draw lines; 0: this one."""
    torch.manual_seed(seed)
    faces = typefaces_in(fonts)
    network, averaged = LineNetwork().to(memory_format=torch.channels_last), LineNetwork()
    averaged.load_state_dict(network.state_dict())
    optimiser = torch.optim.AdamW(network.parameters(), lr=PEAK_RATE, weight_decay=1e-4)
    checkpoint, done = out.with_suffix(".pt"), 0
    if checkpoint.exists():
        kept = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(kept["network"])
        averaged.load_state_dict(kept["averaged"])
        optimiser.load_state_dict(kept["optimiser"])
        done = kept["done"]
    began, loss_sum = time.monotonic(), 0.0
    for step, batch in enumerate(
        _batches(LineDataset(seed, done * BATCH, (steps - done) * BATCH, faces), workers), start=done
    ):
        for group in optimiser.param_groups:
            group["lr"] = rate_at(step, steps)
        loss_sum += _step(network, optimiser, batch)
        _average(averaged, network, min(_KEEP, step / (step + 50)))
        if (step + 1) % _CHECK_EVERY == 0 or step + 1 == steps:
            right = share_right(averaged, LineDataset(seed, _HELD_OUT, 512, faces))
            state = {
                "network": network.state_dict(),
                "averaged": averaged.state_dict(),
                "optimiser": optimiser.state_dict(),
                "done": step + 1,
            }
            torch.save(state, checkpoint)
            passed = round(time.monotonic() - began)
            print(
                json.dumps(
                    {
                        "step": step + 1,
                        "loss": round(loss_sum / _CHECK_EVERY, 4),
                        "held_out_right": right,
                        "seconds": passed,
                    }
                ),
                flush=True,
            )
            loss_sum = 0.0
    export(averaged, out)


def rate_at(step: int, steps: int) -> float:
    """The learning rate at a step: it rises over the first steps, stays level, and falls to 0 over the last third."""
    return PEAK_RATE * min(1.0, (step + 1) / _RISE, (steps - step) / (_FALL * steps))


def _step(network: LineNetwork, optimiser: torch.optim.Optimizer, batch: TrainingBatch) -> float:
    network.train()
    with torch.autocast("cpu", torch.bfloat16, enabled=HALF):
        said = network(batch.lines.contiguous(memory_format=torch.channels_last))
    columns = torch.full((len(batch.lines),), said.shape[1], dtype=torch.long)
    loss = nn.functional.ctc_loss(
        said.float().transpose(0, 1), batch.targets, columns, batch.lengths, zero_infinity=True
    )
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), 2.0)
    optimiser.step()
    return float(loss.detach())


def _average(averaged: LineNetwork, network: LineNetwork, keep: float) -> None:
    """Move the averaged weights a little towards the trained ones. keep: the share of the old average that stays."""
    with torch.no_grad():
        for kept, new in zip(averaged.state_dict().values(), network.state_dict().values(), strict=True):
            if kept.dtype.is_floating_point:
                kept.lerp_(new, 1.0 - keep)
            else:
                kept.copy_(new)


def share_right(network: LineNetwork, lines: LineDataset) -> float:
    """The share, 0..1, of these lines whose text is right when each column's most likely character is taken. The lines are
    to be others than those trained on."""
    network.eval()
    right = 0
    for first in range(0, len(lines), BATCH):
        items = [lines[number] for number in range(first, min(first + BATCH, len(lines)))]
        with torch.no_grad():
            best = network(collated(items).lines).argmax(2).numpy()
        right += sum(spelt(row) == text for row, (_, text) in zip(best, items, strict=True))
    return round(right / len(lines), 4)


def spelt(classes: np.ndarray[tuple[int], np.dtype[np.int64]]) -> str:
    """The text that one class number per column spells: repeated classes count once, class 0 is left out."""
    kept = [c for c, before in zip(classes, [0, *classes[:-1]], strict=True) if c and c != before]
    return "".join(ALPHABET[c - 1] for c in kept)


def main() -> None:
    """Read the arguments and train."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--fonts", type=Path, required=True, help="folder of the fonts")
    options.add_argument("--fetch", action="store_true", help="bring the fonts into it first")
    options.add_argument("--out", type=Path, required=True, help="the ONNX file to write")
    options.add_argument("--seed", type=int, default=7)
    options.add_argument("--steps", type=int, default=STEPS)
    options.add_argument("--workers", type=int, default=1, help="processes that draw plates")
    options.add_argument("--threads", type=int, default=1)
    given = options.parse_args()
    torch.set_num_threads(given.threads)
    if given.fetch:
        fetch(given.fonts)
    train(given.seed, given.steps, given.fonts, given.out, given.workers)


if __name__ == "__main__":
    main()

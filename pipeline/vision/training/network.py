"""The network: convolutions down to one row of columns, three more along it, and per column a share for each character (CTC).

A bidirectional GRU in place of the last three costs a quarter more a training step (140 against 112 ms on two cores).
"""

from torch import Tensor, nn

from pipeline.vision.ctc import ALPHABET

CLASSES = len(ALPHABET) + 1  # class 0 is "no character"
_BREADTH = 128


class LineNetwork(nn.Module):
    """Maps lines (n, 1, 32, w) of grey 0..1 to log probabilities (n, w / 4, 37) of each character in each column. 0.46 M
    parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.look = nn.Sequential(
            *_stage(1, 32, (2, 2)),
            *_stage(32, 48, (2, 2)),
            *_stage(48, 64, (2, 1)),
            *_stage(64, 80, (1, 1)),
            nn.Conv2d(80, _BREADTH, (4, 3), padding=(0, 1), bias=False),
            nn.BatchNorm2d(_BREADTH),
            nn.ReLU(inplace=True),
        )
        self.along = nn.Sequential(*(layer for reach in (1, 2, 3) for layer in _neighbours(reach)))
        self.drop = nn.Dropout(0.1)
        self.say = nn.Linear(_BREADTH, CLASSES)

    def forward(self, lines: Tensor) -> Tensor:
        """See LineNetwork."""
        columns = self.along(self.look(lines).squeeze(2))
        said: Tensor = self.say(self.drop(columns.transpose(1, 2))).log_softmax(2)
        return said


def _stage(inputs: int, outputs: int, stride: tuple[int, int]) -> tuple[nn.Module, ...]:
    convolution = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
    return convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)


def _neighbours(reach: int) -> tuple[nn.Module, ...]:
    """A convolution in which each column takes in two columns on either side, `reach` columns apart."""
    convolution = nn.Conv1d(_BREADTH, _BREADTH, 5, padding=2 * reach, dilation=reach, bias=False)
    return convolution, nn.BatchNorm1d(_BREADTH), nn.ReLU(inplace=True)

"""Exports the trained network as one ONNX file for onnxruntime. As a command it exports an unfinished training's checkpoint."""

import sys
from pathlib import Path

import torch

from pipeline.vision.own import ROWS, WIDTH
from pipeline.vision.training.network import LineNetwork


def export(network: LineNetwork, out: Path) -> None:
    """Write the ONNX file: input "lines" (n, 1, 32, w) float32 0..1, output "scores" (n, w / 4, 37) log probabilities."""
    network.eval()
    out.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        network,
        (torch.zeros(1, 1, ROWS, WIDTH),),
        str(out),
        input_names=["lines"],
        output_names=["scores"],
        dynamic_axes={"lines": {0: "n", 3: "w"}, "scores": {0: "n", 1: "columns"}},
        opset_version=17,
        dynamo=False,  # the older exporter: no further package, and the recurrent layer stays one node
    )


def main() -> None:
    """python -m pipeline.vision.training.export CHECKPOINT.pt OUT.onnx"""
    checkpoint, out = Path(sys.argv[1]), Path(sys.argv[2])
    network = LineNetwork()
    network.load_state_dict(torch.load(checkpoint, weights_only=True)["averaged"])
    export(network, out)


if __name__ == "__main__":
    main()

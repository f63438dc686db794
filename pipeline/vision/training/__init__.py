"""How the weights in `pipeline/vision/models` are made: synthetic plates only, one command, one seed (dependency group `training`).

series (what plates say) -> typefaces (what glyphs look like) -> art (a plate drawn) -> wear (as a camera sees it)
-> samples (as the reader gets it) -> network, train (the weights) -> export (the ONNX file)
"""

"""Finding, following and reading plates in pictures. Pure: no Kafka, no Redis, no clock; importing it opens nothing.

picture -> locate (strokes, rows of characters) -> tracking -> sights (cut out, encoded) -> lines (straightened)
-> paddle (PaddleOCR) -> ctc, interpret (texts with probabilities) -> vote (one plate per passage)
"""

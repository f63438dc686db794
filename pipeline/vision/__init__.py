"""Finding, following and reading plates in pictures. Pure: no Kafka, no Redis, no clock; importing it opens nothing.

picture -> locate (strokes; rows of letters where those show none) -> tracking -> sights (cut out, encoded) -> lines (straightened)
-> own and paddle (two readers) -> ctc, interpret (texts with probabilities) -> verify, credit (is it a plate, and all of it?)
-> vote (one plate per passage)
"""

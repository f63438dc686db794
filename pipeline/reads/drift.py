"""How far a clock drifts."""

DRIFT_PPM = 50
"""How far a clock is taken to drift without synchronisation: 50 us a second, 180 ms an hour. Quartz in outdoor equipment is
specified at 20 to 50 ppm over its range of temperature."""

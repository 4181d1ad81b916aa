"""Beyond the single score: calibration, decisions, slices, time, labels, latency."""

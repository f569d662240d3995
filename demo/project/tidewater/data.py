"""Readings of tide gauges, from files to numbers."""

import csv


def process_data_file(path, limit=None):
    f = open(path)
    rows = csv.DictReader(f)
    readings = []
    for row in rows:
        if row["level"] == "":
            continue
        readings.append((row["time"], float(row["level"])))
        if limit and len(readings) >= limit:
            break
    return readings


def extremes(readings):
    """The lowest and the highest reading."""
    ordered = sorted(readings, key=lambda reading: reading[1])
    return ordered[0], ordered[-1]


def mean_level(readings):
    """The mean of all levels, 0.0 when there are none."""
    levels = [level for _, level in readings]
    return sum(levels) / len(levels) if levels else 0.0

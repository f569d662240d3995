"""The stations: who measures where."""

import csv
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parent.parent / "data"


@dataclass(frozen=True)
class Station:
    """One tide gauge."""

    id: str
    name: str
    lat: float
    lon: float

    @property
    def readings_file(self):
        return DATA / f"{self.name}.csv"


def load_stations(path=DATA / "stations.csv"):
    """All stations by id."""
    with open(path, encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return {
            row["id"]: Station(row["id"], row["name"], float(row["lat"]), float(row["lon"]))
            for row in rows
        }


def find_station(station_id):
    """The station with this id, or None."""
    return load_stations().get(station_id)

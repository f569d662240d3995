"""The list of stations."""

from tidewater.stations import find_station, load_stations


def test_every_station_has_a_place():
    stations = load_stations()
    assert stations["AES"].name == "Ålesund"
    assert all(50 < station.lat < 72 for station in stations.values())


def test_a_station_that_is_not_there():
    assert find_station("XYZ") is None

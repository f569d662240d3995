"""The daily report of a station, as plain text."""

import sys

from tidewater.data import extremes, mean_level, process_data_file
from tidewater.stations import load_stations

WIDTH = 40


def title(station):
    """Name and place, centred."""
    place = "%.2f N, %.2f E" % (station.lat, station.lon)
    return station.name.center(WIDTH) + "\n" + place.center(WIDTH)


def table(readings):
    """One line for each reading."""
    out = ""
    for time, level in readings:
        out = out + time + "  " + "%6.2f m" % level + "\n"
    return out


def summary(readings):
    """Lowest, highest and mean level."""
    low, high = extremes(readings)
    lines = [
        f"lowest   {low[1]:6.2f} m at {low[0]}",
        f"highest  {high[1]:6.2f} m at {high[0]}",
        f"mean     {mean_level(readings):6.2f} m",
    ]
    return "\n".join(lines)


def daily_report(station_id):
    """The whole report of one station."""
    station = load_stations()[station_id]
    readings = process_data_file(station.readings_file)
    return "\n\n".join([title(station), table(readings), summary(readings)])


if __name__ == "__main__":
    print(daily_report(sys.argv[1]))

"""Reading files of levels."""

from tidewater.data import extremes, mean_level, process_data_file


def test_a_missing_level_is_left_out(tmp_path):
    path = tmp_path / "readings.csv"
    path.write_text("time,level\n00:00,1.50\n00:06,\n00:12,1.70\n")
    assert process_data_file(path) == [("00:00", 1.5), ("00:12", 1.7)]


def test_a_limit_ends_the_reading(tmp_path):
    path = tmp_path / "readings.csv"
    path.write_text("time,level\n00:00,1.50\n00:06,1.60\n00:12,1.70\n")
    assert len(process_data_file(path, limit=2)) == 2


def test_lowest_highest_and_mean():
    readings = [("00:00", 1.0), ("06:00", 3.0), ("12:00", 2.0)]
    assert extremes(readings) == (("00:00", 1.0), ("06:00", 3.0))
    assert mean_level(readings) == 2.0

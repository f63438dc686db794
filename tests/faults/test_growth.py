"""What is said of a process's memory and files."""

from tests.faults.growth import Life


def test_growth_is_told_from_when_a_process_had_settled() -> None:
    """Its first minute is its start; the most of all lives is told beside."""
    long = Life("hotlist", [(0.0, 50.0, 10), (30.0, 99.0, 30), (65.0, 100.0, 31), (300.0, 104.0, 31)])
    short = Life("hotlist", [(400.0, 50.0, 10), (410.0, 150.0, 35)])
    growth = long.growth([long, short])
    assert ((100.0, 104.0), (31, 31), 300.0) == (growth.rss_mb, growth.files, growth.lived_s)
    assert (2, 150.0, 35) == (growth.lives, growth.most_mb, growth.most_files)
    assert (50.0, 150.0) == short.growth([short]).rss_mb

"""A few of the damaged files and events of ``tests.operations.fuzz``; the long run is by hand."""

from __future__ import annotations

from tests.operations.fuzz import Failures, conference, fuzz_events, fuzz_files


def test_damaged_files_and_events_end_in_words_and_right_sums(tmp_path, simulator):
    """One bad byte in a mail or at Stripe must not book, bill or reveal anything."""
    failures = Failures()
    fuzz_files(40, 1, failures, conference(tmp_path, simulator))
    fuzz_events(60, 1, failures, conference(tmp_path, simulator, "events"), simulator)
    assert failures.found == {}
    assert failures.outcomes["amounts compared"] > 5
    assert failures.outcomes["stored"] > 30

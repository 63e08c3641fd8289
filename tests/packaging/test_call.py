"""`call`, which starts everything that is tested here."""

import pytest


def test_a_command_that_hangs_is_stopped_and_what_it_printed_is_shown(call, tmp_path):
    with pytest.raises(pytest.fail.Exception, match=r"stopped after 1 s\nas far as here\n"):
        call(["sh", "-c", "echo as far as here; exec sleep 600"], cwd=tmp_path, seconds=1)

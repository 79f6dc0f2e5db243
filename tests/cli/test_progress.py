import io
import time

import pytest
from rich.console import Console

from noiselaw.cli import progress as shown
from noiselaw.sweep.progress import Part, Progress


def how_far(done, total=12, failed=0, running=("fit PCA (level 0.1, seed 0)",)):
    conditions = {
        (0.1, 0): Part(done, 6, failed),
        (1.0, 0): Part(6, 6, 0),
        (1.0, 1): Part(0, 6, 0),
    }
    return Progress(done, total, running, failed, conditions)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_shows_every_condition_the_pace_and_the_failures(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with shown.watching() as watcher:
        watcher.update(how_far(1))
        time.sleep(0.05)
        watcher.update(how_far(4, failed=2))
    said = terminal.getvalue()
    for expected in ("seed 0", "seed 1", "done", "4/6", "2 failed", "was done", "4 of 12 tasks", "a minute", "left"):
        assert expected in said
    assert "fit PCA (level 0.1, seed 0)" in said


def test_more_seeds_than_fit_are_counted():
    conditions = {(1.0, seed): Part(0, 1, 0) for seed in range(11)}
    console = Console(file=io.StringIO(), width=120)
    console.print(shown._conditions(Progress(0, 11, [], 0, conditions)))
    assert "and 3 more seeds" in console.file.getvalue()


def test_elsewhere_lines_tell_the_beginning_the_end_and_now_and_then(capsys, monkeypatch):
    monkeypatch.setattr(shown, "_PLAIN_EVERY", 0.05)
    with shown.watching() as watcher:
        watcher.update(how_far(0))
        time.sleep(0.2)  # one long task: the driver does not speak
        watcher.update(how_far(12, failed=3, running=()))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("0/12 tasks") and "now fit PCA" in lines[0]
    assert len(lines) >= 3
    assert lines[-1].startswith("12/12 tasks") and "3 failed" in lines[-1]
    time.sleep(0.2)
    assert not capsys.readouterr().err  # and then it is silent


def test_what_comes_before_the_first_task_is_not_silent(capsys, monkeypatch):
    monkeypatch.setattr(shown, "_PLAIN_EVERY", 0.05)
    with shown.patient("reading the data"):
        time.sleep(0.2)
    assert "Still reading the data, for 0 s" in capsys.readouterr().err
    with shown.watching():
        time.sleep(0.2)
    assert "Still laying out the study" in capsys.readouterr().err
    time.sleep(0.2)
    assert not capsys.readouterr().err


@pytest.mark.parametrize(("seconds", "said"), [(3, "3 s"), (600, "10 min"), (7200, "2.0 h")])
def test_durations_are_told_in_the_unit_that_fits(seconds, said):
    assert shown._duration(seconds) == said

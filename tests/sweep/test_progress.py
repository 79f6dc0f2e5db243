import os
from pathlib import Path

from noiselaw.signals import Labels
from noiselaw.sweep import Store, Study, run, status_of
from noiselaw.sweep.progress import Part, Progress, Sign, running_in


def test_a_sign_in_the_store_says_what_runs_and_goes_with_the_run(tmp_path):
    store = Store.create(tmp_path / "s")
    sign = Sign(store)
    sign.show(Progress(1, 4, ["fit PCA"], 0, {(1.0, 0): Part(1, 4, 0)}))
    (running,) = running_in(store)
    assert (running.process, running.done, list(running.running)) == (os.getpid(), 1, ["fit PCA"])
    sign.take_down()
    assert running_in(store) == []


def test_what_is_no_sign_or_an_old_one_is_not_taken_for_a_run(tmp_path):
    store = Store.create(tmp_path / "s")
    sign = Sign(store)
    sign.show(Progress(1, 4, ["fit PCA"], 0, {}))
    os.utime(sign.path, (0, 0))
    (store.root / ".running.elsewhere.1.json").write_text("{half")
    assert running_in(store) == []


def test_a_run_of_this_machine_that_was_killed_is_not_at_work(tmp_path):
    store = Store.create(tmp_path / "s")
    sign = Sign(store)
    sign.show(Progress(1, 4, ["fit PCA"], 0, {}))
    sign.path.rename(sign.path.with_name(sign.path.name.replace(str(os.getpid()), "999999999")))
    assert running_in(store) == []


def test_the_signs_of_killed_runs_are_tidied_away(tmp_path):
    store = Store.create(tmp_path / "s")
    sign = Sign(store)
    gone = sign.path.with_name(sign.path.name.replace(str(os.getpid()), "999999999"))
    gone.write_text("{}")
    store.tidy()
    assert not gone.exists()


def test_a_store_that_cannot_be_written_to_does_not_stop_who_watches(tmp_path):
    sign = Sign(Store.create(tmp_path / "s"))
    sign.path = Path(tmp_path / "absent" / ".running.x.1.json")
    sign.show(Progress(0, 1, [], 0, {}))
    sign.take_down()


def test_a_run_tells_its_watcher_of_every_condition(cells, tmp_path):
    heard = []

    class Listener:
        def update(self, progress):
            heard.append((progress, len(running_in(Store.open(tmp_path / "s")))))

    study = Study(
        data=cells, signals=[Labels("cell_type")], levels=[0.3, 1.0], sizes=[300], seeds=1, models=["random_projection"]
    )
    run(study, tmp_path / "s", watcher=Listener())
    last = heard[-1][0]
    assert last.done == last.total == 6
    assert last.conditions == {(0.3, 0): Part(3, 3, 0), (1.0, 0): Part(3, 3, 0)}
    assert heard[0][1] == 1  # while it runs, status can say so
    assert status_of(Store.open(tmp_path / "s")).running == []

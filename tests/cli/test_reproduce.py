import json

import pytest
import typer
from typer.testing import CliRunner

from noiselaw.cli.reproduce import reproduce
from noiselaw.errors import UsageError

app = typer.Typer()
app.command()(reproduce)


def test_prints_the_table_and_its_numbers(published):
    source = published("PBMC_CITEseq_scaling.csv").parent
    done = CliRunner().invoke(app, ["table-3", "--from", str(source), "--json"])
    records = json.loads(done.output)
    assert len(records) == 16
    assert [record["paper"] for record in records if record["printed"] == "–"] == [None] * 3
    assert "linear_regime" in CliRunner().invoke(app, ["table-3", "--from", str(source)]).output


def test_an_unknown_target_is_a_usage_error(tmp_path):
    done = CliRunner().invoke(app, ["table-9", "--from", str(tmp_path)])
    assert isinstance(done.exception, UsageError)
    with pytest.raises(UsageError, match="no target 'table-9'"):
        raise done.exception

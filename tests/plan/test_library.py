import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noiselaw.errors import InputError, UsageError
from noiselaw.plan.library import Library, library_from_pairs, library_from_saturation, summarised

CURVES = ["lander_waterman", "michaelis_menten"]
libraries = st.builds(Library, st.floats(100, 1e6), st.floats(0.05, 1.0), st.sampled_from(CURVES))


@given(libraries, st.floats(1e-3, 0.99))
def test_reads_undo_umi(library, share):
    umi = share * library.complexity
    assert library.umi(library.reads(umi)) == pytest.approx(umi, rel=1e-6)


@given(libraries, st.floats(1, 1e7), st.floats(1.01, 10))
def test_more_reads_never_find_fewer_molecules_nor_more_than_there_are(library, reads, more):
    umi = library.umi(np.array([reads, reads * more]))
    assert umi[0] <= umi[1] * (1 + 1e-12) and umi[1] <= library.complexity
    assert 0 <= library.saturation(reads) <= library.saturation(reads * more) + 1e-9


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("saturation", [0.05, 0.5, 0.9, 50.0])
def test_a_summary_is_given_back(curve, saturation):
    share = saturation / 100 if saturation >= 1 else saturation
    library = library_from_saturation(40_000, saturation, 40_000 * 0.6 * (1 - share), curve)
    assert library.usable == pytest.approx(0.6)
    assert library.saturation(40_000) == pytest.approx(share)
    assert library.umi(40_000) == pytest.approx(40_000 * 0.6 * (1 - share))


@given(st.floats(1e-6, 0.999_999))
def test_a_library_is_as_full_as_its_summary_says(share):
    told, needed, complexity = summarised(1.0, share, np.nan)
    assert (told, needed) == (share, 1.0)
    # Of so many reads, found over read is what is new: (1 − e^−t)/t with t reads over the complexity.
    t = 1.0 / complexity
    assert -np.expm1(-t) / t == pytest.approx(1.0 - share, rel=1e-9)


@pytest.mark.parametrize("curve", CURVES)
def test_pairs_are_fitted(curve):
    truth = Library(12_000.0, 0.55, curve)
    reads = np.array([5e3, 1e4, 2e4, 4e4, 8e4])
    found = library_from_pairs(reads, truth.umi(reads), curve)
    assert found.complexity == pytest.approx(12_000, rel=1e-3) and found.usable == pytest.approx(0.55, rel=1e-3)


def test_beyond_its_complexity_no_reads_suffice():
    assert np.isinf(Library(1000.0).reads(1000.0)) and np.isinf(Library(1000.0, curve="michaelis_menten").reads(2000.0))


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: Library(0.0), UsageError, "complexity must be above 0"),
        (lambda: Library(1.0, 1.5), UsageError, r"usable must be a share of reads in \(0, 1\]"),
        (lambda: Library(1.0, 1.0, "linear"), UsageError, "curve must be lander_waterman or"),
        (lambda: library_from_saturation(1e4, 0.0), UsageError, "saturation must be a share"),
        (lambda: library_from_saturation(1e4, 150.0), UsageError, "saturation must be a share"),
        (lambda: library_from_saturation(0.0, 0.5), UsageError, "reads per cell must be above 0"),
        (lambda: library_from_saturation(1e4, 0.5, 9e3), UsageError, "same summary"),
        (lambda: library_from_pairs([1e4], [5e3]), InputError, "two or more"),
        (lambda: library_from_pairs([1e4, 2e4], [2e4, 3e4]), InputError, "more UMI than reads"),
        (lambda: library_from_pairs([1e4, 2e4], [5e3, 1e4]), InputError, "show no saturation"),
    ],
)
def test_what_is_no_library_is_refused(make, kind, message):
    with pytest.raises(kind, match=message):
        make()


def test_one_is_neither_a_share_nor_a_percentage():
    with pytest.raises(UsageError, match="got 1. Pass 0.5 for half"):
        library_from_saturation(40_000, 1.0)


@pytest.mark.parametrize(
    ("reads", "umi", "said"),
    [
        ([5e3, 1e4], [2e3, -1.0], "umi must be above 0 in every pair; got -1"),
        ([0.0, 1e4], [2e3, 3e3], "reads must be above 0 in every pair; got 0"),
        ([5e3, np.nan], [2e3, 3e3], "two or more .* pairs; got 1 different number of reads"),
        ([5e3, 1e4], [2e3], "one value per pair; got 2 and 1"),
    ],
)
def test_pairs_that_say_nothing_are_refused_for_what_they_are(reads, umi, said):
    with pytest.raises(InputError, match=said):
        library_from_pairs(reads, umi)

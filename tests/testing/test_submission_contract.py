"""`SubmissionContract` accepts sound submissions and catches each fault by the check that is meant for it."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from cir_bench.errors import ConfigError
from cir_bench.testing import SubmissionContract

FAULTS = {
    "NoAddress": ("test_it_names_the_split_and_the_server", "not an address: 'by e-mail'"),
    "NoBenchmark": ("test_it_names_the_split_and_the_server", "no benchmark evaluates the split 'test'"),
    "Escapes": ("test_files_are_bytes_under_plain_names", r"'\.\./lists\.json' is not a plain file name"),
    "Texts": ("test_files_are_bytes_under_plain_names", r"lists\.json has str"),
    "NoFiles": ("test_files_are_bytes_under_plain_names", "it writes no file"),
    "Unstable": ("test_one_ranking_one_submission", None),
    "Constant": ("test_one_ranking_one_submission", "is the same for other rankings"),
    "RefusesItself": ("test_its_files_pass_its_own_check", "wrong length"),
    "NeedsData": ("test_its_files_pass_its_own_check", "unknown queries"),
    "ForbidsReference": (
        "test_a_reference_is_a_mistake_only_where_it_is_removed",
        "which the protocol keeps: .*reference listed",
    ),
    "AllowsReference": (
        "test_a_reference_is_a_mistake_only_where_it_is_removed",
        "which the protocol removes: no mistake is found",
    ),
    "MissesQueries": ("test_each_mistake_in_a_ranking_is_found_with_its_query", "a query is missing: no mistake"),
    "AnyLength": ("test_each_mistake_in_a_ranking_is_found_with_its_query", "a list is empty: no mistake"),
    "Repeats": ("test_each_mistake_in_a_ranking_is_found_with_its_query", "an image is listed twice: no mistake"),
    "NamesNoQuery": ("test_each_mistake_in_a_ranking_is_found_with_its_query", "'somewhere' does not name '11'"),
    "AnyImage": ("test_a_foreign_image_is_found", "an image is not in the gallery: no mistake"),
    "AnySubset": ("test_a_foreign_image_is_found", "an image is not in the subset: no mistake"),
    "EmptyKinds": ("test_its_files_pass_its_own_check", "nothing to say: it names no place"),
}


def faulty(name):
    """A class of the plugin, without loading it as one."""
    spec = importlib.util.spec_from_file_location("faulty", Path(__file__).with_name("faulty_submissions.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, name)


@pytest.mark.parametrize("name", ["hidden-kept", "hidden-removed"])
def test_a_sound_submission_passes(check, name):
    check(SubmissionContract, name)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_caught(check, name):
    found = faulty(name)

    class Contract(SubmissionContract):
        def submission(self):
            return found()

    test, message = FAULTS[name]
    data_set = "hidden-removed" if "Removed" in [base.__name__ for base in found.__mro__] else "hidden-kept"
    with pytest.raises(AssertionError, match=message):
        check(Contract, data_set, test)


def test_a_check_that_crashes_is_caught(check):
    class Contract(SubmissionContract):
        def submission(self):
            return faulty("Crashes")()

    with pytest.raises(json.JSONDecodeError):
        check(Contract, "hidden-kept", "test_a_broken_file_is_a_mistake_and_not_a_crash")


def test_a_data_set_without_one_has_nothing_to_check(check):
    with pytest.raises(ConfigError, match="'open' has no hidden test set that a server scores"):
        check(SubmissionContract, "open", "test_it_names_the_split_and_the_server")

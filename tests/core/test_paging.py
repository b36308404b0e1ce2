"""Lists that change while they are read, links that lead in circles."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.paging import Circle, Repeats, until_found


def fresh(pages):
    repeats = Repeats(lambda row: row)
    return [repeats.dropped_from(rows) for rows in pages]


def test_rows_that_moved_to_the_next_page_come_once():
    assert fresh([[1, 2, 3], [3, 4, 4], [4, 5]]) == [[1, 2, 3], [4], [5]]


def test_an_empty_page_forgets_nothing():
    assert fresh([[1, 2], [], [2, 3]]) == [[1, 2], [], [3]]


@given(st.lists(st.lists(st.integers(0, 9), unique=True)))
def test_no_row_is_lost(pages):
    assert set(itertools.chain(*fresh(pages))) == set(itertools.chain(*pages))


@pytest.mark.parametrize("before", range(12))
@pytest.mark.parametrize("around", range(1, 12))
def test_every_circle_is_noticed(before, around):
    circle = Circle()
    links = itertools.chain((f"on {i}" for i in range(before)), itertools.cycle(f"round {i}" for i in range(around)))
    followed = list(itertools.takewhile(lambda link: not circle.is_closed_by(link), itertools.islice(links, 1000)))
    assert len(followed) <= 4 * (before + around)


def test_a_long_list_is_no_circle():
    circle = Circle()
    assert not any(circle.is_closed_by(str(i)) for i in range(10_000))


def test_no_page_is_read_once_all_were_found():
    pages = iter([["a", "b"], ["b", "c", None], ["d"]])
    assert list(until_found(pages, ["c", "b"], lambda row: row)) == ["b", "c"]
    assert next(pages) == ["d"]


def test_what_is_not_there_is_left_out():
    assert list(until_found([["a"], []], ["x", "a", "a"], lambda row: row)) == ["a"]

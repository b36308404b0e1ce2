"""Money is exact, unknown stays unknown, currencies stay apart."""

import datetime as dt
import decimal
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.charges import ChargeEstimate, ChargeItem, ChargeKind, ChargeSource, Money, estimate

DAY = dt.date(2026, 1, 2)
AMOUNTS = st.decimals(-(10**12) + 1, 10**12 - 1, places=5) | st.decimals(0, 100, places=12)
DUE = st.sampled_from([ChargeKind.ONE_TIME, ChargeKind.MONTHLY])


def _item(amount, currency="USD", kind=ChargeKind.ONE_TIME, what="number"):
    money = None if amount is None else Money(Decimal(amount), currency)
    source = ChargeSource.UNKNOWN if money is None else ChargeSource.LIST_PRICE
    return ChargeItem(what, kind, money, source, DAY)


def _half_up(total):
    cents = total * 100
    whole, rest = divmod(abs(cents), 1)
    return int(whole + (rest >= Fraction(1, 2))) * (1 if cents >= 0 else -1)


ITEMS = st.lists(st.builds(_item, AMOUNTS, st.sampled_from(["USD", "EUR"]), DUE), min_size=1, max_size=30)


@given(ITEMS)
def test_the_total_of_each_currency_is_exact_and_rounded_once(items):
    sums = {}
    for item in items:
        sums[item.money.currency] = sums.get(item.money.currency, 0) + Fraction(item.money.amount)
    result = estimate(items)
    assert result.complete
    assert dict(result.totals) == {currency: _half_up(total) for currency, total in sums.items()}
    assert (result.cents, result.currency) == ((None, None) if len(sums) > 1 else (result.totals[0][1], *sums))


@given(ITEMS, st.integers(0, 30))
def test_one_unknown_price_makes_the_whole_unknown(items, place):
    items.insert(place, _item(None, what="moving a trunk"))
    result = estimate(items)
    assert (result.totals, result.complete, result.cents, result.currency) == ((), False, None, None)
    assert result.note == "The carrier does not tell the price of: moving a trunk."


def test_an_unknown_price_is_named_once():
    assert estimate([_item(None), _item(None)]).note == "The carrier does not tell the price of: number."


@pytest.mark.parametrize("items", [[], [_item("0.01", kind=ChargeKind.USAGE)]])
def test_nothing_said_is_unknown_and_a_rate_is_no_total(items):
    assert estimate(items) == ChargeEstimate((), False, "What this carrier charges for an import is not known.")


def test_a_rate_is_not_added():
    assert estimate([_item("1"), _item("5", kind=ChargeKind.USAGE)]).cents == 100


@pytest.mark.parametrize(
    ("amounts", "cents", "note"),
    [
        (["0"], 0, "No upstream charges for imports through this provider."),
        (["0.005"], 1, "The carrier is expected to charge 0.01 USD for this import."),
        (["0.0049", "0.0001"], 1, "The carrier is expected to charge 0.01 USD for this import."),
        (["1.005"], 101, "The carrier is expected to charge 1.01 USD for this import."),
        (
            ["999999999999"] * 3,
            299999999999700,
            "The carrier is expected to charge 2999999999997.00 USD for this import.",
        ),
    ],
)
def test_the_note_says_what_the_total_is(amounts, cents, note):
    result = estimate([_item(amount) for amount in amounts])
    assert (result.cents, result.note) == (cents, note)


def test_the_note_names_each_currency():
    note = estimate([_item("1"), _item("2", "EUR")]).note
    assert note == "The carrier is expected to charge 2.00 EUR and 1.00 USD for this import."


@given(AMOUNTS)
def test_the_host_applications_decimal_context_changes_nothing(amount):
    expected = Money(amount, "USD").cents
    with decimal.localcontext(decimal.Context(prec=3, rounding=decimal.ROUND_DOWN, traps=[decimal.Inexact])):
        assert Money(amount, "USD").cents == expected
        assert estimate([_item(amount)]).cents == expected
    assert expected == int((amount * 100).quantize(Decimal(1), ROUND_HALF_UP))


@pytest.mark.parametrize("amount", [1.5, 0.0, 1, "1", None, True, Decimal("nan"), Decimal("inf")])
def test_money_is_a_finite_decimal(amount):
    with pytest.raises(TypeError):
        Money(amount, "USD")


@pytest.mark.parametrize(
    "amount", ["1e12", "-1e12", "1e-13", "1.0000000000001", "1e400", "1e-400", "123456789012.1234567890123"]
)
def test_money_has_bounds(amount):
    with pytest.raises(ValueError, match="million million"):
        Money(Decimal(amount), "USD")


@pytest.mark.parametrize("amount", ["0", "0e-400", "-0", "1e-12", "999999999999.999999999999"])
def test_money_within_its_bounds_is_kept(amount):
    assert Money(Decimal(amount), "USD").amount == Decimal(amount)


@pytest.mark.parametrize("currency", ["usd", "US", "USDD", "$", ""])
def test_a_currency_is_three_capital_letters(currency):
    with pytest.raises(ValueError, match="regex"):
        Money(Decimal(1), currency)


@pytest.mark.parametrize(
    ("money", "source"),
    [
        (None, ChargeSource.LIST_PRICE),
        (Money(Decimal(1), "USD"), ChargeSource.UNKNOWN),
        (Money(Decimal(1), "USD"), ChargeSource.DOCUMENTED_FREE),
        (Money(Decimal(1), "USD"), ChargeSource.NO_FEE_LISTED),
    ],
)
def test_a_price_without_a_source_and_a_free_thing_with_a_price_cannot_be_made(money, source):
    with pytest.raises(ValueError, match=r"source|free"):
        ChargeItem("x", ChargeKind.ONE_TIME, money, source, DAY)

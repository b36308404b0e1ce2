"""Whatever is set on a number, an import and a release give it back, and the import loses nothing."""

from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st

from trunkline_sandbox.vonage import Number, Switches
from trunkline_vonage import settings
from trunkline_vonage.settings import Voice

APPLICATIONS = ("11111111-0000-4000-8000-000000000000", "22222222-0000-4000-8000-000000000000")
OURS = Voice("sip", "sip:+12125550100@sip.platform.example")

voices: st.SearchStrategy[dict[str, str]] = st.one_of(
    st.just({}),
    st.sampled_from(APPLICATIONS).map(lambda id: {"voiceCallbackType": "app", "voiceCallbackValue": id}),
    st.tuples(st.sampled_from(("sip", "tel")), st.text("abc:@;,", min_size=1, max_size=9)).map(
        lambda pair: {"voiceCallbackType": pair[0], "voiceCallbackValue": pair[1]}
    ),
)
others = st.fixed_dictionaries(
    {},
    optional={
        "app_id": st.sampled_from(APPLICATIONS),
        "moHttpUrl": st.just("https://hooks.example/sms"),
        "voiceStatusCallback": st.just("https://hooks.example/end"),
        "moSmppSysType": st.just("inbound"),
    },
)
messages: st.SearchStrategy[dict[str, str]] = st.one_of(
    st.just({}),
    st.sampled_from(APPLICATIONS).map(lambda id: {"messagesCallbackType": "app", "messagesCallbackValue": id}),
)


def meaning(number: Number, switches: Switches) -> tuple[Voice, dict[str, str]]:
    """Where calls go, and everything else, in the one way of saying it."""
    found = settings.of(number.listed(switches))
    beside = {name: value for name, value in found.items() if not name.startswith("voiceCallback")}
    if beside.get("messagesCallbackValue") == beside.get("app_id"):
        beside.pop("messagesCallbackType", None)
        beside.pop("messagesCallbackValue", None)
    return settings.voice(found), beside


@given(voices, others, messages, st.booleans(), st.sampled_from(("listed", "listed_as_url")))
def test_an_import_and_a_release_give_back_what_was_set(
    voice: dict[str, str], other: dict[str, str], message: dict[str, str], shown: bool, hidden: Any
) -> None:
    switches = attrs.evolve(Switches(), shows_app_as_voice=shown, hidden_fields=hidden)
    number = Number("US", "12125550100", "mobile-lvn")
    number.update({**voice, **other, **message}, switches)
    earlier, beside = meaning(number, switches)

    number.update(settings.with_voice(settings.of(number.listed(switches)), OURS), switches)
    assert meaning(number, switches) == (OURS, beside)

    number.update(settings.with_voice(settings.of(number.listed(switches)), earlier), switches)
    assert meaning(number, switches) == (earlier, beside)

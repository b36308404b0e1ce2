"""routes.twilio.com/v2: which region handles the calls of a number or a trunk."""

from trunkline_sandbox.carrier import Response
from trunkline_sandbox.dates import iso_8601

from .errors import not_found
from .parameters import one_of
from .routing import Call, Product

routes = Product("routes")

REGIONS = ("us1", "ie1", "au1")


def _show(call: Call, field: str, name: str, kind: str, created: float) -> Response:
    return Response.of_json(
        200,
        {
            field: name,
            "sid": call.world.names.named("QQ", f"{call.account.sid}/{name}"),
            "account_sid": call.account.sid,
            "friendly_name": name,
            "voice_region": call.account.voice_regions.get(name, "us1"),
            "date_created": iso_8601(created),
            "date_updated": iso_8601(created),
            "url": call.url("routes", f"/v2/{kind}/{name}"),
        },
    )


def _created(call: Call) -> tuple[str, str, str, float]:
    if "number" in call.params:
        name = call.params["number"]
        for number in call.account.numbers.values():
            if name in (number.phone_number, number.sid):
                return "phone_number", number.phone_number, "PhoneNumbers", number.created
    else:
        for trunk in call.account.trunks.values():
            if trunk.domain_name == call.params["domain"]:
                return "sip_trunk_domain", trunk.domain_name, "Trunks", trunk.created
    raise not_found(call.request.path)


def _fetch(call: Call) -> Response:
    field, name, kind, created = _created(call)
    return _show(call, field, name, kind, created)


def _update(call: Call) -> Response:
    field, name, kind, created = _created(call)
    if "VoiceRegion" in call.form:
        call.account.voice_regions[name] = one_of("VoiceRegion", call.form["VoiceRegion"], *REGIONS)
    return _show(call, field, name, kind, created)


for _path in ("/v2/PhoneNumbers/{number}", "/v2/Trunks/{domain}"):
    routes.get(_path)(_fetch)
    routes.post(_path)(_update)

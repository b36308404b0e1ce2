"""Certificates for TLS servers on loopback: one good, and one for each way to be bad."""

from __future__ import annotations

import datetime as dt
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

KINDS = ("good", "expired", "wrong_name", "unknown_authority", "self_signed")

_DAY = dt.timedelta(days=1)


class Authority:
    """A certificate authority of one's own."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        self.certificate = _certificate(self._name, self._name, self._key, self._key, days=2, authority=True)

    def issue(self, folder: Path, name: str, host: str, *, days: int = 1) -> None:
        """Write NAME.pem and NAME.key for a server of this name on 127.0.0.1; `days` below 0 are in the past."""
        key = ec.generate_private_key(ec.SECP256R1())
        _write(folder, name, _certificate(_named(host), self._name, key, self._key, host=host, days=days), key)


def write_certificates(folder: Path, host: str) -> Path:
    """Write a certificate of every kind, and give the file of the authority to trust."""
    ours, strange = Authority("Test authority"), Authority("Authority that nobody knows")
    ours.issue(folder, "good", host)
    ours.issue(folder, "expired", host, days=-1)
    ours.issue(folder, "wrong_name", "other.example")
    strange.issue(folder, "unknown_authority", host)
    key = ec.generate_private_key(ec.SECP256R1())
    _write(folder, "self_signed", _certificate(_named(host), _named(host), key, key, host=host), key)
    trusted = folder / "authority.pem"
    trusted.write_bytes(ours.certificate.public_bytes(serialization.Encoding.PEM))
    return trusted


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    *,
    host: str | None = None,
    days: int = 1,
    authority: bool = False,
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + min(0, days) * _DAY - _DAY)
        .not_valid_after(now + days * _DAY)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if host:
        names: list[x509.GeneralName] = [x509.DNSName(host)]
        if host != "other.example":
            names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signer, hashes.SHA256())


def _write(folder: Path, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )

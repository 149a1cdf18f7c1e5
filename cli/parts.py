"""The people's certificate authority, built from a workbench."""

from archive.desk.people import CertificateOffice
from cli.keyrings import serial
from cli.wiring import Workbench
from signing.authority import Issuer


def office_of(bench: Workbench) -> CertificateOffice:
    """The embedded authority that issues people's certificates; opens its key when it is used."""

    def issuer() -> Issuer:
        return Issuer(bench.keyring.certificate("issuing"), bench.keyring.signer("issuing"))

    return CertificateOffice(issuer, serial)

"""The parts for signed statements, built from a workbench: the archive's desk, the people's CA."""

import os
from typing import Literal

from archive.desk.certificates import PersonCertificates
from archive.desk.people import CertificateOffice
from archive.desk.submit import Desk
from archive.pki_register import PkiRegister
from cli.wiring import Workbench, serial
from signing.authority import Issuer


def desk_of(bench: Workbench, mode: Literal["service", "single"]) -> Desk:
    """The archive's side of every statement; needs the passphrase."""
    return Desk(
        database=bench.database,
        sealer=bench.sealer,
        evidence=bench.evidence,
        clock=bench.clock,
        random=os.urandom,
        archive_id=bench.settings.archive,
        host=mode,
        certificates=PersonCertificates(
            bench.database, bench.own_policy, PkiRegister(bench.identity)
        ),
    )


def office_of(bench: Workbench) -> CertificateOffice:
    """The embedded authority that issues people's certificates; opens its key when it is used."""

    def issuer() -> Issuer:
        return Issuer(bench.keyring.certificate("issuing"), bench.keyring.signer("issuing"))

    return CertificateOffice(issuer, serial)

"""`cunzheng people enrol|countersign`: who is in the register, with which key and roles."""

import base64
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from archive.errors import UsageError
from archive.times import SHANGHAI, format_time
from archive.vocabulary import ROLES
from cli import signing_two
from cli.author import KeyOption, SecondKeyOption, open_signer
from cli.clock import SystemClock
from cli.dates import day_end, day_start
from cli.invocation import Invocation
from cli.language import say
from cli.output import print_json, print_line, show_path
from cli.service import open_desk
from cli.service.desk import Desk
from cli.signing_two import ProposalOption, Second
from signing.certificates import load_certificate
from signing.digest import Digest
from signing.errors import CertificateBad

_EXAMPLE = say("Example: ", "示例：") + "cunzheng people "
_CRL = re.compile(rb"-----BEGIN X509 CRL-----.*?-----END X509 CRL-----", re.DOTALL)
_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
_KINDS = ("person.enrolled", "person.resumed")


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command(
        help=say(
            "Enrol a person, or give one another certificate, roles or validity. A new handler"
            " takes an archivist. Everything else takes two people (--second-key, or -o for"
            " `countersign`): other roles, a person who is enrolled already, what an administrator"
            " says.",
            "登记人员，或变更其证书、角色、有效期。新登记承办人由档案员一人签署；其余情形"
            "（承办人以外的角色、已登记人员再次登记、由系统管理员办理）须两人签署"
            "（--second-key，或用 -o 写出后由第二人 countersign）。",
        ),
        epilog=_EXAMPLE
        + "enrol li --request li.csr --unit zfdd1 --role handler --account 1001 --name "
        + say("'Li Ming'", "李明"),
    )(enrol)
    app.command(
        help=say(
            "Hand over the newest revocation lists of an outside authority (person_root in"
            " policy.toml) and the certificates above its people.",
            "收取外部机构（policy.toml 的 person_root）最新的吊销列表及其中间证书。",
        ),
        epilog=_EXAMPLE + "lists root.crl issuing.crl issuing.pem",
    )(lists)
    app.command(
        help=say("Complete what another person proposed.", "会签另一人提出的事项。"),
        epilog=_EXAMPLE + "countersign wang.json --key zhao.p12",
    )(countersign)


def lists(
    context: typer.Context,
    paths: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help=say("PEM files.", "PEM 文件。"))
    ],
) -> None:
    """Hand them over; needs no key of a person."""
    invocation = Invocation.of(context)
    pem = b"\n".join(_bytes(path) for path in paths)
    try:
        found = [_base64(c.public_bytes(Encoding.DER)) for c in _crls(pem)]
        above = x509.load_pem_x509_certificates(pem) if _CERTIFICATE in pem else []
    except ValueError as error:
        raise UsageError(say("These are not PEM files.", "文件不是 PEM 格式。")) from error
    certificates = [_base64(c.public_bytes(Encoding.DER)) for c in above]
    with open_desk(invocation) as desk:
        answer = desk.call("people.lists", {"lists": found, "certificates": certificates})
    if invocation.json:
        print_json(answer)
        return
    print_line(say(f"{answer['taken']} lists are kept.", f"已收取 {answer['taken']} 份吊销列表。"))


def _crls(pem: bytes) -> list[x509.CertificateRevocationList]:
    return [x509.load_pem_x509_crl(block) for block in _CRL.findall(pem)]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(say(f"{path} cannot be read.", f"无法读取 {path}。")) from error


def enrol(  # noqa: PLR0913, PLR0917 - one option for each field
    context: typer.Context,
    person: Annotated[str, typer.Argument(help=say("Person id, a staff number.", "人员编号。"))],
    unit: Annotated[str, typer.Option(help=say("Unit id.", "单位编号。"))],
    role: Annotated[
        list[str],
        typer.Option(
            help=say("Role; give it several times.", "角色，可多次给出。") + " " + " ".join(ROLES),
        ),
    ],
    name: Annotated[str, typer.Option(help=say("Name.", "姓名。"))],
    request: Annotated[
        Path | None,
        typer.Option(help=say("Request of the person's key.", "个人密钥的证书请求。")),
    ] = None,
    certificate: Annotated[
        Path | None,
        typer.Option(
            help=say(
                "Certificate (PEM) of an outside authority, with its chain.",
                "外部机构签发的证书（PEM，可含证书链）。",
            )
        ),
    ] = None,
    post: Annotated[str, typer.Option(help=say("Post.", "职务。"))] = "—",
    unit_name: Annotated[
        str | None, typer.Option(help=say("Name of the unit.", "单位名称。"))
    ] = None,
    account: Annotated[
        str | None,
        typer.Option(
            help=say(
                "Number of the account that the person is bound to.", "绑定的操作系统账号编号。"
            )
        ),
    ] = None,
    token: Annotated[
        bool, typer.Option("--token", help=say("The key is on a token.", "密钥在密码设备中。"))
    ] = False,
    since: Annotated[
        str | None, typer.Option("--from", help=say("First day.", "生效日期。"))
    ] = None,
    until: Annotated[str | None, typer.Option(help=say("Last day.", "截止日期。"))] = None,
    certificate_no: Annotated[
        str | None, typer.Option(help=say("Number of the enforcement card.", "执法证号。"))
    ] = None,
    certificate_until: Annotated[
        str | None, typer.Option(help=say("Its last day.", "执法证有效期。"))
    ] = None,
    key: KeyOption = None,
    second_key: SecondKeyOption = None,
    output: ProposalOption = None,
) -> None:
    """Enrol; the certificate of our own authority is written beside the request."""
    invocation = Invocation.of(context)
    roles = _roles(role)
    with open_desk(invocation) as desk:
        signer = open_signer(desk, key)
        own, chain = _certificate(desk, person, unit, request, certificate)
        payload = {
            "account": account,
            "certificate": str(Digest.of("sha256", own)),
            "key": "token" if token else "own",
            "person": person,
            "roles": roles,
            "unit": unit,
            **_validity(own, since, until),
        }
        data = {
            "name": name,
            "post": post,
            "unit_name": unit_name or unit,
            "certificate_no": certificate_no,
            "certificate_until": certificate_until,
        }
        made = signer.make("person.enrolled", payload, data)
        alone = roles == ["handler"] and "archivist" in signer.roles
        signing_two.finish(
            invocation,
            desk,
            made,
            say(f"{person} is enrolled.", f"{person} 已登记。"),
            Second(not alone or _is_known(desk, person), second_key, output),
            certificate=own,
            chain=chain,
        )


def countersign(
    context: typer.Context,
    proposal: Annotated[Path, typer.Argument(help=say("The proposal.", "待会签文件。"))],
    key: KeyOption = None,
) -> None:
    """Show it, sign it, submit it."""
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        signing_two.countersign(invocation, desk, proposal, key, _KINDS)


def _roles(given: list[str]) -> list[str]:
    found = sorted({role for text in given for role in text.split(",")})
    unknown = [role for role in found if role not in ROLES]
    if unknown:
        known = " ".join(ROLES)
        raise UsageError(
            say(
                f"{unknown[0][:40]!r} is no role; there are: {known}",
                f"{unknown[0][:40]!r} 不是角色；可用：{known}",
            )
        )
    return found


def _certificate(
    desk: Desk, person: str, unit: str, request: Path | None, certificate: Path | None
) -> tuple[bytes, list[bytes]]:
    """The certificate (DER) and its chain: given, or issued for a request and written beside it."""
    if (request is None) == (certificate is None):
        raise UsageError(
            say(
                "Name either --request or --certificate.",
                "请给出 --request 或 --certificate 之一。",
            )
        )
    if certificate is not None:
        found = [c.public_bytes(Encoding.DER) for c in _read_pem(certificate)]
        return found[0], found[1:]
    assert request is not None  # noqa: S101 - one of the two is given
    params = {"request": _text(request), "person": person, "unit": unit}
    try:
        der = base64.b64decode(desk.call("people.certificate", params)["certificate"])
    except CertificateBad as error:
        name = show_path(request)
        raise UsageError(
            say(f"--request {name}: {error}", f"--request {name} 不是可用的证书请求：{error}")
        ) from error
    place = request.with_suffix(".crt")
    place.write_bytes(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM))
    return der, []


def _read_pem(path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(
            say(f"{path} is no certificate in PEM.", f"{path} 不是 PEM 证书。")
        ) from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(say(f"{path} cannot be read.", f"无法读取 {path}。")) from error


def _validity(certificate: bytes, since: str | None, until: str | None) -> dict[str, str]:
    """From now and as long as the certificate unless days are named."""
    begin: datetime = SystemClock().now() if since is None else day_start(since)
    end = load_certificate(certificate).not_after
    if until is not None:
        end = day_end(until) - timedelta(microseconds=1)
        if end <= max(begin, SystemClock().now()):
            raise UsageError(
                say(
                    "--until is in the past, or before --from.",
                    "--until 已过去，或早于 --from。",
                )
            )
    return {"valid_from": format_time(begin), "valid_until": format_time(end.astimezone(SHANGHAI))}


def _is_known(desk: Desk, person: str) -> bool:
    return desk.call("people.known", {"person": person})["known"] is True

"""The policy that `init` writes: what an inspector takes away and checks once by another way."""

from datetime import datetime, timedelta

from archive.keyring import Keyring
from cli.settings import Settings
from signing.trust import LogKey, TrustPolicy, TsaRoot


def founding_policy(keyring: Keyring, settings: Settings, now: datetime) -> str:
    """Trust in the archive's own new keys and its embedded, internal time; TOML text."""
    root = keyring.certificate("root")
    start = now.replace(microsecond=0) - timedelta(minutes=5)
    policy = TrustPolicy(
        archive=settings.archive,
        log_keys=(LogKey(keyring.signer("log").public_key(), start),),
        ca_roots=(root,),
        tsa_roots=(TsaRoot(root, "internal"),),
    )
    return policy.to_toml()

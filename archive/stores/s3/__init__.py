"""A store in buckets of an S3-compatible server with Object Lock, through boto3.

client = connect(S3Access(endpoint="https://s3.example", profile="ingest"))
evidence = S3Store(Bucket.at(client, "s3://evidence"), locks=Locks("COMPLIANCE", clock), …)
"""

from archive.stores.s3.client import Bucket, S3Access, connect
from archive.stores.s3.inspection import S3Inspection
from archive.stores.s3.locks import COMPLIANCE, FARTHEST, GOVERNANCE, Locks
from archive.stores.s3.multipart import Parting
from archive.stores.s3.put import Traits
from archive.stores.s3.store import S3Pointer, S3Store
from archive.stores.s3.vault import OpenVault, S3Vault
from archive.stores.s3.versions import NoBook, Standing, VersionBook

__all__ = [
    "COMPLIANCE",
    "FARTHEST",
    "GOVERNANCE",
    "Bucket",
    "Locks",
    "NoBook",
    "OpenVault",
    "Parting",
    "S3Access",
    "S3Inspection",
    "S3Pointer",
    "S3Store",
    "S3Vault",
    "Standing",
    "Traits",
    "VersionBook",
    "connect",
]

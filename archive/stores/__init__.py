"""Where objects stand: a directory, or a bucket of an S3-compatible server; one contract."""

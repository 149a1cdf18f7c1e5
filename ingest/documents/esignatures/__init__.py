"""Electronic signatures and seals in PDF and OFD, checked behind the seal in a process of its own.

Nothing is fetched from a network: whether a signature holds is arithmetic over the file, and whom
to trust is said by a folder of roots, or by nobody.
"""

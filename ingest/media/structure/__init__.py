"""Checks of how a file is put together, which see what decoding does not: nothing is decoded.

Every walker takes the parts of a file and returns what it noticed. None raises for what a file
says, and each reads a bounded part of it.
"""

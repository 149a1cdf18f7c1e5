"""Media: what films, sound and photographs are, in what condition they came, and pictures of them.

Every program that looks at such a file runs as a process of its own (`runner`), because what the
file says is somebody else's and may be made to harm.
"""

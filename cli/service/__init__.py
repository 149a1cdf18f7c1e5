"""The process boundary: commands reach the use cases of an archive through a `Desk`.

    with open_desk(invocation) as desk:
        answer = desk.call("status", {})

The desk is the service's, reached through `run/cunzheng.sock`, or the command's own, where no
service runs and the account can open the archive itself.
"""

from cli.service.opening import open_desk as open_desk

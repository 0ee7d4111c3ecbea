"""`bookpack` for a shell, by way of the server of commands, which takes over its streams.

    python -I -S tests/command_client.py ADDRESS [ARGUMENTS]

starts in a small part of the time that bookpack's imports take.
"""

import json
import os
import socket
import sys

with socket.socket(socket.AF_UNIX) as link:
    link.connect(sys.argv[1])
    os.umask(umask := os.umask(0))
    folder = os.getcwd()  # noqa: PTH109 - pathlib takes time
    request = [["-m", "bookpack", *sys.argv[2:]], folder, dict(os.environ), umask]
    text = json.dumps(request).encode()
    socket.send_fds(link, [len(text).to_bytes(4, "big")], [0, 1, 2])
    link.sendall(text)
    with link.makefile("rb") as answers:
        answers.read(4)
        status = int.from_bytes(answers.read(4), "big", signed=True)
sys.exit(status if status >= 0 else 128 - status)

"""A cluster's DNS, as far as a headless Service needs it: dns.py ADDRESSES

Answers every question for an IPv4 address with those in the file ADDRESSES, one a line, read anew
each time. Says where it listens.
"""

import pathlib
import socket
import struct
import sys

TTL = 5  # Seconds, as CoreDNS has it for Services.
A, IN = 1, 1
RESPONSE_AUTHORITATIVE = 0x8400
NAME_IN_QUESTION = 0xC00C  # A pointer to the first byte behind the header.
HEADER = struct.Struct("!6H")  # Id, flags, and how many questions, answers, authorities, others.


def answer(query, addresses):
    number, _, questions, *_ = HEADER.unpack_from(query)
    end = query.index(b"\0", HEADER.size) + 5  # Of the first question: its name, type and class.
    wanted, _ = struct.unpack_from("!2H", query, end - 4)
    records = [
        struct.pack("!3HIH", NAME_IN_QUESTION, A, IN, TTL, 4) + socket.inet_aton(each)
        for each in addresses
        if wanted == A
    ]
    header = HEADER.pack(number, RESPONSE_AUTHORITATIVE, min(questions, 1), len(records), 0, 0)
    return header + query[HEADER.size : end] + b"".join(records)


def main():
    addresses = pathlib.Path(sys.argv[1])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        print("listening on", ":".join(map(str, server.getsockname())), flush=True)
        while True:
            query, asker = server.recvfrom(4096)
            server.sendto(answer(query, addresses.read_text().split()), asker)


main()

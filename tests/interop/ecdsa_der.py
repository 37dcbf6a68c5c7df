"""ecdsa_der.py RAW DER: r || s as the SEQUENCE that openssl verifies."""
import sys


def integer(b):
    n = int.from_bytes(b, "big")
    v = n.to_bytes(n.bit_length() // 8 + 1, "big")
    return b"\x02" + bytes([len(v)]) + v


with open(sys.argv[1], "rb") as f:
    raw = f.read()
assert len(raw) == 64, len(raw)
body = integer(raw[:32]) + integer(raw[32:])
with open(sys.argv[2], "wb") as f:
    f.write(b"\x30" + bytes([len(body)]) + body)

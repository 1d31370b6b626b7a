"""Secure RTP written a second time, from RFC 3711 and RFC 7714 with the primitives of `cryptography`.

The engine uses libsrtp2; what both agree on is the RFC. One `Sealer` is one direction of one SSRC.
"""

import hmac
import struct
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from switch.media.plan import SrtpSuite

_HEADER = 12


def _keystream(key: bytes, counter: bytes, length: int) -> bytes:
    encryptor = Cipher(AES(key), CTR(counter)).encryptor()
    return encryptor.update(bytes(length)) + encryptor.finalize()


def derive(master: bytes, salt: bytes, label: int, length: int) -> bytes:
    """RFC 3711 section 4.3.1 with a key derivation rate of 0."""
    x = int.from_bytes(salt.ljust(14, b"\0"), "big") ^ (label << 48)
    return _keystream(master, (x << 16).to_bytes(16, "big"), length)


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


@dataclass
class Sealer:
    """`key` is master key and salt together, as SDP carries them."""

    suite: SrtpSuite
    key: bytes
    roll_over: int = field(default=0)

    def __post_init__(self) -> None:
        salt_bytes = 12 if "GCM" in self.suite.name else 14
        master, salt = self.key[:-salt_bytes], self.key[-salt_bytes:]
        self._key = derive(master, salt, 0, len(master))
        self._authentication = derive(master, salt, 1, 20)
        self._salt = derive(master, salt, 2, salt_bytes)
        self._tag_bytes = 4 if self.suite is SrtpSuite.AES_CM_128_HMAC_SHA1_32 else 10

    def seal(self, packet: bytes) -> bytes:
        """RTP without CSRC and extension to SRTP."""
        header, payload = packet[:_HEADER], packet[_HEADER:]
        if "GCM" in self.suite.name:
            return header + AESGCM(self._key).encrypt(self._nonce(header), payload, header)
        sealed = header + _xor(payload, self._counted(header, len(payload)))
        return sealed + self._tag(sealed)

    def open(self, datagram: bytes) -> bytes:
        """SRTP to RTP; AssertionError or InvalidTag where it is not authentic."""
        header, rest = datagram[:_HEADER], datagram[_HEADER:]
        if "GCM" in self.suite.name:
            return header + AESGCM(self._key).decrypt(self._nonce(header), rest, header)
        sealed, tag = datagram[: -self._tag_bytes], datagram[-self._tag_bytes :]
        assert tag == self._tag(sealed), "not authentic"
        payload = sealed[_HEADER:]
        return header + _xor(payload, self._counted(header, len(payload)))

    def _counted(self, header: bytes, length: int) -> bytes:
        sequence, ssrc = struct.unpack_from("!2xH4xI", header)
        index = self.roll_over << 16 | sequence
        counter = (int.from_bytes(self._salt, "big") << 16) ^ (ssrc << 64) ^ (index << 16)
        return _keystream(self._key, counter.to_bytes(16, "big"), length)

    def _tag(self, sealed: bytes) -> bytes:
        whole = sealed + struct.pack("!I", self.roll_over)
        return hmac.digest(self._authentication, whole, "sha1")[: self._tag_bytes]

    def _nonce(self, header: bytes) -> bytes:
        """RFC 7714 section 8.1."""
        sequence, ssrc = struct.unpack_from("!2xH4xI", header)
        return _xor(struct.pack("!2xIIH", ssrc, self.roll_over, sequence), self._salt)


@dataclass
class ControlSealer:
    """The same for RTCP (RFC 3711 section 3.4, RFC 7714 section 9): one direction of one SSRC."""

    suite: SrtpSuite
    key: bytes
    index: int = field(default=0)

    def __post_init__(self) -> None:
        self._is_gcm = "GCM" in self.suite.name
        salt_bytes = 12 if self._is_gcm else 14
        master, salt = self.key[:-salt_bytes], self.key[-salt_bytes:]
        self._key = derive(master, salt, 3, len(master))
        self._authentication = derive(master, salt, 4, 20)
        self._salt = derive(master, salt, 5, salt_bytes)

    def seal(self, packet: bytes) -> bytes:
        """A compound packet to SRTCP, encrypted."""
        self.index += 1
        word = struct.pack("!I", 1 << 31 | self.index)
        header, rest = packet[:8], packet[8:]
        if self._is_gcm:
            return header + AESGCM(self._key).encrypt(self._nonce(header), rest, header + word) + word
        sealed = header + _xor(rest, self._counted(header, len(rest))) + word
        return sealed + hmac.digest(self._authentication, sealed, "sha1")[:10]

    def open(self, datagram: bytes) -> bytes:
        """SRTCP to RTCP; AssertionError or InvalidTag where it is not authentic."""
        header = datagram[:8]
        if self._is_gcm:
            rest, word = datagram[8:-4], datagram[-4:]
            self.index = struct.unpack("!I", word)[0] & 0x7FFF_FFFF
            return header + AESGCM(self._key).decrypt(self._nonce(header), rest, header + word)
        sealed, tag = datagram[:-10], datagram[-10:]
        assert tag == hmac.digest(self._authentication, sealed, "sha1")[:10], "not authentic"
        self.index = struct.unpack("!I", sealed[-4:])[0] & 0x7FFF_FFFF
        rest = sealed[8:-4]
        return header + _xor(rest, self._counted(header, len(rest)))

    def _counted(self, header: bytes, length: int) -> bytes:
        (ssrc,) = struct.unpack_from("!4xI", header)
        counter = (int.from_bytes(self._salt, "big") << 16) ^ (ssrc << 64) ^ (self.index << 16)
        return _keystream(self._key, counter.to_bytes(16, "big"), length)

    def _nonce(self, header: bytes) -> bytes:
        """RFC 7714 section 9.1."""
        (ssrc,) = struct.unpack_from("!4xI", header)
        return _xor(struct.pack("!2xIHI", ssrc, 0, self.index), self._salt)

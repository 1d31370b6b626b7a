"""Keys by DTLS (RFC 5763, RFC 5764): the handshake that a browser makes before it sends a word.

The engine hands up the records that came to a media port and sends ours by the same port; what is agreed on
becomes the stream's SRTP keys. OpenSSL does the protocol, by pyOpenSSL. The peer proves itself by the
fingerprint that its session description named; the certificates are nobody's else.

| state of a handshake | input | then |
| --- | --- | --- |
| RUNNING | record, or its time is up | records to send |
| RUNNING | finished, and the fingerprint is the announced one | DONE: keys |
| RUNNING | refused, finished with another fingerprint, or no common profile | FAILED |
| DONE | record | our last records again, if the peer repeats its own |
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from hashlib import new as new_hash

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from OpenSSL import SSL

from switch.media.plan import DtlsPeer, SrtpKeys, SrtpSuite

PROFILES = {
    b"SRTP_AEAD_AES_128_GCM": SrtpSuite.AEAD_AES_128_GCM,
    b"SRTP_AEAD_AES_256_GCM": SrtpSuite.AEAD_AES_256_GCM,
    b"SRTP_AES128_CM_SHA1_80": SrtpSuite.AES_CM_128_HMAC_SHA1_80,
}
"""RFC 5764 section 4.1.2 and RFC 7714 section 14.2, the one that we like best first."""

FINGERPRINT_HASHES = {"sha-256": "sha256", "sha-384": "sha384", "sha-512": "sha512"}
"""RFC 8122 section 5; MD5 and SHA-1 prove nothing any more."""

MTU_BYTES = 1200
"""What passes every path to a home (RFC 8831 section 5 chooses the same)."""

CERTIFICATE_DAYS = 3650
_SALT_BYTES = {SrtpSuite.AES_CM_128_HMAC_SHA1_80: 14}
_RECORD_HEADER_BYTES = 13


class Identity:
    """Our certificate: made at the start, signed by itself, known to peers by its fingerprint in SDP."""

    def __init__(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "softswitch")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=CERTIFICATE_DAYS))
            .sign(key, hashes.SHA256())
        )
        self.fingerprint = fingerprint("sha-256", certificate.public_bytes(Encoding.DER))
        self._context = SSL.Context(SSL.DTLS_METHOD)
        self._context.use_certificate(certificate)
        self._context.use_privatekey(key)
        self._context.set_tlsext_use_srtp(b":".join(PROFILES))
        # Every certificate is taken here; whose it is, the fingerprint says.
        self._context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
        self._context.set_options(SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_QUERY_MTU | SSL.OP_NO_TICKET)

    def connection(self) -> SSL.Connection:
        """One side of a handshake, without a socket."""
        connection = SSL.Connection(self._context, None)
        connection.set_ciphertext_mtu(MTU_BYTES)
        return connection


def fingerprint(algorithm: str, certificate: bytes) -> str:
    """`AB:CD:...` of a certificate in DER, as `a=fingerprint` writes it behind the algorithm."""
    return new_hash(FINGERPRINT_HASHES[algorithm], certificate).digest().hex(":").upper()


class State(Enum):
    """See the table above."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(slots=True)
class Handshake:
    """One stream's. `keys` are set when it is DONE, `failure` says why it FAILED."""

    peer: DtlsPeer
    connection: SSL.Connection
    state: State = State.RUNNING
    keys: SrtpKeys | None = None
    failure: str = ""

    @classmethod
    def begin(cls, identity: Identity, peer: DtlsPeer) -> "Handshake":
        """`peer.we_connect`: the peer waits for us (`a=setup:passive`)."""
        connection = identity.connection()
        if peer.we_connect:
            connection.set_connect_state()
        else:
            connection.set_accept_state()
        return cls(peer, connection)

    def receive(self, record: bytes) -> list[bytes]:
        """Take what came, give what is to be sent."""
        if self.state is State.FAILED:
            return []
        self.connection.bio_write(record)
        return self.advance()

    def advance(self) -> list[bytes]:
        """Go on as far as possible without the peer."""
        try:
            if self.state is State.RUNNING:
                self.connection.do_handshake()
                self._finish()
            else:
                # Reading makes OpenSSL answer a repeated last flight; there is nothing else to read.
                self.connection.recv(MTU_BYTES)
        except SSL.WantReadError:
            pass
        except SSL.Error as error:
            if self.state is State.RUNNING:
                self._fail(f"the peer's handshake was refused: {error.args or type(error).__name__}")
        return self._outgoing()

    def timed_out(self) -> list[bytes]:
        """Repeat what was not answered, if it is time (RFC 6347 section 4.2.4)."""
        if self.state is not State.RUNNING or self.connection.DTLSv1_get_timeout() != 0:
            return []
        try:
            self.connection.DTLSv1_handle_timeout()
        except SSL.Error:
            self._fail("the peer does not answer")
        return self._outgoing()

    def _finish(self) -> None:
        certificate = self.connection.get_peer_certificate(as_cryptography=True)
        profile = PROFILES.get(self.connection.get_selected_srtp_profile())
        if certificate is None or profile is None:
            self._fail("no profile of SRTP in common")
            return
        found = fingerprint(self.peer.algorithm, certificate.public_bytes(Encoding.DER))
        if found != self.peer.fingerprint.upper():
            self._fail("the certificate is not the one that was announced")
            return
        self.state, self.keys = State.DONE, self._export(profile)

    def _export(self, suite: SrtpSuite) -> SrtpKeys:
        """RFC 5764 section 4.2: client's key, server's key, client's salt, server's salt."""
        salt = _SALT_BYTES.get(suite, 12)
        key = suite.key_bytes - salt
        block = self.connection.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * suite.key_bytes)
        client = block[:key] + block[2 * key : 2 * key + salt]
        server = block[key : 2 * key] + block[2 * key + salt :]
        if self.peer.we_connect:
            return SrtpKeys(suite, inbound=server, outbound=client)
        return SrtpKeys(suite, inbound=client, outbound=server)

    def _fail(self, why: str) -> None:
        self.state, self.failure = State.FAILED, why

    def _outgoing(self) -> list[bytes]:
        try:
            written = self.connection.bio_read(65_536)
        except SSL.WantReadError:
            return []
        return list(_records(written))


def _records(data: bytes) -> list[bytes]:
    """OpenSSL's memory joins what would have been datagrams; a record is never longer than the MTU."""
    records, at = [], 0
    while at + _RECORD_HEADER_BYTES <= len(data):
        end = at + _RECORD_HEADER_BYTES + int.from_bytes(data[at + 11 : at + 13], "big")
        records.append(data[at:end])
        at = end
    return records

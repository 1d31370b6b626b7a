"""Keys and certificates of STIR: read whole or refused with file, line and reason, and never shown."""

from pathlib import Path

import pytest

from switch.base.errors import ConfigurationError
from switch.dialplan.centre import load_centre
from switch.dialplan.plan import Centre
from switch.node.stir_files import read_stir
from switch.node.translate import trunk_settings
from tests.trunk.stir.authority import Authority

HOME = Authority()


def centre(stir: str) -> Centre:
    trunk = f"trunks:\n  c: {{gateways: [192.0.2.1], identify: [192.0.2.1], country: FR, stir: {{{stir}}}}}\n"
    return load_centre({"shop.yaml": trunk + "numbers: {100: main}\nflows: {main: [hangup]}\n"})


@pytest.mark.parametrize("place", ["file", "env"])
def test_a_trunk_has_its_key_and_its_anchors(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ca.pem").write_bytes(HOME.root_pem())
    (tmp_path / "key.pem").write_bytes(HOME.key_pem())
    monkeypatch.setenv("STIR_KEY", HOME.key_pem().decode())
    key = f"key_file: {tmp_path}/key.pem" if place == "file" else "key_env: STIR_KEY"
    sign = f"sign: {{certificate_url: https://c.example/a.pem, {key}}}"
    made = centre(f"verify: require, trust: [{tmp_path}/ca.pem], hosts: [C.example], {sign}")
    found = read_stir(made, tmp_path)
    settings = trunk_settings(made.trunks[0], "", found["c"]).stir
    assert settings is not None
    assert settings.verify == "require"
    assert settings.hosts == {"c.example"}
    assert len(settings.anchors.certificates) == 1
    assert settings.signer is not None
    assert settings.signer.origid == (read_stir(made, tmp_path)["c"].signer or settings.signer).origid
    assert "PRIVATE" not in repr(settings)


def test_what_is_missing_or_wrong_is_all_told_and_no_key_with_it(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(HOME.key_pem()[:-40])
    (tmp_path / "ca.pem").write_bytes(b"no certificate")
    sign = f"sign: {{certificate_url: https://c.example/a.pem, key_file: {tmp_path}/key.pem}}"
    with pytest.raises(ConfigurationError) as caught:
        read_stir(centre(f"verify: mark, trust: [{tmp_path}/ca.pem, {tmp_path}/none.pem], {sign}"), tmp_path)
    text = str(caught.value)
    assert "key.pem: it is no PEM private key" in text
    assert "ca.pem has no PEM certificates" in text
    assert "cannot read" in text
    assert "shop.yaml:2:3" in text
    assert "MIGH" not in text
    with pytest.raises(ConfigurationError, match="the environment has no NO_SUCH_KEY"):
        read_stir(centre("sign: {certificate_url: https://c.example/a.pem, key_env: NO_SUCH_KEY}"), tmp_path)

"""The keys that certificates are signed with: read, refused in one line, made in development, put behind a new one."""

import json
import stat

import pytest

from lms_graphql.certificates.keys import KeysError, made_key, read_keyring, rotated

KEY = made_key()
PUBLIC = {name: value for name, value in KEY.items() if name != "d"}


def keys(*entries):
    return json.dumps({"keys": list(entries)})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("{", "this is no JWK Set, an object with a list `keys`"),
        ("{}", "this is no JWK Set, an object with a list `keys`"),
        (keys({"kty": "RSA"}), "key 1 is no Ed25519 key (kty OKP, crv Ed25519)"),
        (keys(PUBLIC), "the first key signs, and must have its private half (d)"),
        (keys(KEY, PUBLIC), "two keys have the same kid"),
        (keys(KEY, KEY | {"kid": "a b"}), "the kid of key 2 must have 1 to 64 letters, digits, - and _"),
        (keys(KEY | {"d": "AA"}), "d of key 1 has 1 bytes instead of 32"),
        (keys(KEY | {"d": "?"}), "d of key 1 is not base64url"),
        (keys(KEY | {"d": 7}), "d of key 1 is not base64url"),
        (keys(KEY | {"x": made_key()["x"]}), "the halves of key 1, x and d, don't belong together"),
        (keys({"kty": "OKP", "crv": "Ed25519"}), "key 1 has neither x nor d"),
    ],
)
def test_what_is_wrong_is_told_in_one_line_without_a_secret(given, message):
    with pytest.raises(KeysError) as caught:
        read_keyring(given)
    assert str(caught.value) == message
    assert KEY["d"] not in message


def test_no_keys_sign_nothing(tmp_path):
    assert read_keyring(None).signing is None
    assert read_keyring(keys()).signing is None
    with pytest.raises(KeysError, match="can't read"):
        read_keyring(str(tmp_path / "none.json"))


def test_a_development_key_is_made_once_for_its_user_only(tmp_path):
    path = tmp_path / "data" / "certificate-keys.json"
    first = read_keyring(str(path), make_missing=True)
    assert read_keyring(str(path), make_missing=True).signing.id == first.signing.id
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_the_private_half_of_an_old_key_is_left_behind():
    made = json.loads(rotated(keys(KEY)))
    assert [("d" in key, key["kid"]) for key in made["keys"]][1] == (False, KEY["kid"])
    assert read_keyring(json.dumps(made)).get(KEY["kid"]).private is None

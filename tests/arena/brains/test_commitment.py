import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.brains import canonical, matches, new_salt, objective_hash, validate

leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.text())
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
SALT = bytes(range(32))


@given(values)
def test_the_canonical_form_is_json_of_the_same_value(value: object) -> None:
    assert json.loads(canonical(value)) == value


@given(st.dictionaries(st.text(), leaves, min_size=2, max_size=6))
def test_the_order_of_keys_does_not_matter(value: dict[str, object]) -> None:
    assert canonical(dict(reversed(value.items()))) == canonical(value)


def test_the_canonical_form_is_fixed() -> None:
    assert canonical({"b": [1, None, True], "a": 'é"\n'}) == '{"a":"é\\"\\n","b":[1,null,true]}'.encode()


@pytest.mark.parametrize(
    "value", [1.5, {1: "a"}, {"a": {1, 2}}, b"bytes", "\ud800", {"\ud800": 1}, [float("nan")]]
)
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(ValueError):
        canonical(value)


def test_the_hash_is_that_of_salt_and_canonical_configuration() -> None:
    public, secret = {"persona": "A dragon"}, {"phrase": "open sesame"}
    text = '{"kind":"passphrase","public":{"persona":"A dragon"},"secret":{"phrase":"open sesame"}}'
    assert objective_hash(SALT, "passphrase", public, secret) == hashlib.sha256(SALT + text.encode()).digest()


def test_a_revealed_puzzle_matches_its_commitment_and_a_changed_one_does_not() -> None:
    config = validate("passphrase", {"persona": "A dragon"}, {"phrase": "open sesame"})
    salt = new_salt()
    committed = objective_hash(salt, config.kind, config.public, config.secret)
    stored = json.loads(json.dumps(config.public))
    assert matches(committed, salt, config.kind, stored, config.secret)
    assert not matches(committed, salt, config.kind, config.public, {"phrase": "close sesame"})
    assert not matches(committed, new_salt(), config.kind, config.public, config.secret)
    assert not matches(committed, salt, "script", config.public, config.secret)


def test_a_salt_has_32_bytes() -> None:
    assert len(new_salt()) == 32
    assert new_salt() != new_salt()
    with pytest.raises(ValueError, match="32 bytes"):
        objective_hash(b"short", "passphrase", {}, {})

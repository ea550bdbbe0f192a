"""What a message says, whoever wrote it."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from orders.queue import Message, uid_of

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("uid"), inner),
)


def message(body):
    return Message(id="m", receipt="r", body=body, received=1)


@given(st.uuids())
def test_a_message_names_an_order(uid):
    assert uid_of(message(f'{{"uid": "{uid}"}}')) == uid


@given(st.text() | ANYTHING.map(repr) | ANYTHING.map(lambda value: f'{{"uid": {value!r}}}'))
def test_any_other_text_names_none(body):
    named = uid_of(message(body))

    assert named is None or isinstance(named, uuid.UUID)

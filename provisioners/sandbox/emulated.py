"""What every emulation that keeps one frozen state does alike: holds it, signs with the key in it, and is dumped and loaded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from pydantic import TypeAdapter

from .signing import Signer
from .state import Box


class Keyed(Protocol):
    """A state that keeps the signing key, as PEM."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def key(self) -> str:
        """The key."""
        ...


State = TypeVar("State", bound=Keyed)


class Emulated(Generic[State]):
    """One emulated identity provider. `kind` is the type of its state."""

    def __init__(self, kind: type[State], state: State) -> None:
        self._kind = kind
        self._signer = Signer()
        self._box = Box(state)

    @property
    def box(self) -> Box[State]:
        """Its state."""
        return self._box

    @property
    def revision(self) -> int:
        """How often the state has changed."""
        return self._box.revision

    @property
    def signer(self) -> Signer:
        """What signs its tokens; a state that is taken up brings its own key."""
        return self._signer

    def dump(self) -> str:
        """Return the state as JSON, passwords, secrets and the private key included."""
        return TypeAdapter(self._kind).dump_json(replace(self._box.value, key=self._signer.pem)).decode()

    def load(self, text: str) -> None:
        """Take up a dumped state. Raises ValueError for text that is none."""
        self.load_state(TypeAdapter(self._kind).validate_json(text))

    def load_state(self, state: State) -> None:
        """Take up a state as it is."""
        self._signer = Signer(state.key)
        self._box.put(state)

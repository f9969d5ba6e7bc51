"""What a call answered, in a form that needs no SDK to be read."""

from __future__ import annotations

from collections.abc import Mapping

from goldseam.model.values import Json


class Answer(dict[str, Json]):
    """What a call answered, as plain JSON; `request_id` is AWS's own name for the request."""

    __slots__ = ("request_id",)

    def __init__(self, document: Mapping[str, Json], request_id: str) -> None:
        super().__init__(document)
        self.request_id = request_id

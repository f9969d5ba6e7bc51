"""How a listing is asked for page by page, also where botocore has no paginator for it.

Some operations take and give a token and are not in botocore's lists of paginators; read by one call they would end
at their first page without a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from botocore.client import BaseClient
from botocore.exceptions import PaginationError
from botocore.paginate import Paginator

from goldseam.model.values import digest

_TOKENS: Final = ("NextToken", "nextToken")

_OTHERWISE: Final[Mapping[str, Mapping[str, str]]] = {
    "ListDeliveryStreams": {
        "input_token": "ExclusiveStartDeliveryStreamName",
        "output_token": "DeliveryStreamNames[-1]",
        "more_results": "HasMoreDeliveryStreams",
        "result_key": "DeliveryStreamNames",
    },
}
"""Operations that go on after the last name of a page."""


class PagesRequested:
    """The pages of one listing that were requested; botocore itself notices only a token that comes twice in a row."""

    def __init__(self) -> None:
        self._requested: set[str] = set()

    def note(self, parameters: Mapping[str, Any]) -> None:
        """Note the parameters of a page; raises PaginationError when that page was requested before."""
        key = digest({name: str(value) for name, value in parameters.items()})
        if key in self._requested:
            raise PaginationError(message="the same page token was returned twice")
        self._requested.add(key)


def paginator_of(client: BaseClient, name: str) -> Paginator | None:
    """What asks for every page of the operation (in its Python name); None where it has one answer."""
    if client.can_paginate(name):
        return client.get_paginator(name)
    model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[name])
    taken, given = (shape.members if shape else {} for shape in (model.input_shape, model.output_shape))
    token = next((word for word in _TOKENS if word in taken and word in given), None)
    held = next((name for name, shape in given.items() if shape.type_name == "list"), None)
    config = {"input_token": token, "output_token": token, "result_key": held} if token and held else None
    if found := _OTHERWISE.get(model.name, config):
        return Paginator(getattr(client, name), found, model)
    return None

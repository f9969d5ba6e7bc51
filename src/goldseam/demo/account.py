"""Lumen Bikes: a believable AWS account with what goes wrong in real ones, and some that is right.

Seeds the embedded cloud through the same API that everything else uses. The resources are in `lumen_storage`,
`lumen_network`, `lumen_services` and `lumen_people`; here is what the demo and the tests need to know of them.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from dataclasses import dataclass, field

from goldseam.demo.aws import Clients
from goldseam.demo.emulator import ROOT_KEY, EmbeddedCloud
from goldseam.demo.lumen_network import Network, seed_network
from goldseam.demo.lumen_people import People, seed_people
from goldseam.demo.lumen_services import Services, seed_services
from goldseam.demo.lumen_storage import Storage, open_customer_data, seed_storage


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """The seeded account: where it is, who may do what in it, and the names of its resources."""

    endpoint: str
    account_id: str
    region: str
    people: People = field(repr=False)
    storage: Storage
    network: Network
    services: Services

    @property
    def website_url(self) -> str:
        """The website's page, which everybody should go on reading."""
        return f"{self.endpoint}/{self.storage.website_bucket}/index.html"

    @property
    def data_url(self) -> str:
        """The customer data that nobody outside should be able to read."""
        return f"{self.endpoint}/{self.storage.data_bucket}/{self.storage.data_key}"


def seed_account(cloud: EmbeddedCloud, *, opened: bool = True) -> DemoAccount:
    """Create every resource in an empty embedded cloud, as its root user; the customer data open, or not yet."""
    clients = _root(cloud)
    people = seed_people(clients, cloud.account_id)
    storage = seed_storage(clients, cloud.account_id, opened=opened)
    network = seed_network(clients, cloud.account_id, storage.trail_bucket)
    services = seed_services(clients, cloud.account_id, storage.trail_bucket, network.database_group)
    return DemoAccount(cloud.endpoint, cloud.account_id, cloud.region, people, storage, network, services)


def open_to_partner(cloud: EmbeddedCloud) -> None:
    """Open the customer data to everyone, as somebody in a hurry would."""
    open_customer_data(_root(cloud), cloud.account_id)


def _root(cloud: EmbeddedCloud) -> Clients:
    return Clients(cloud.endpoint, cloud.region, ROOT_KEY, ROOT_KEY)


def anonymous_get(url: str) -> int:
    """The HTTP status that somebody without credentials gets."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code

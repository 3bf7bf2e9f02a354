"""From a destination as published, a URL or a URL group's name, to the messages it makes."""

from __future__ import annotations

from dataclasses import replace

from local.qstash.engine.engine import Engine, Receipt
from local.qstash.http.publish_request import Publication
from local.qstash.model.drafts import Draft
from local.qstash.syntax.destinations import Destinations


class Publisher:
    """Resolves destinations and hands drafts to the engine."""

    def __init__(self, engine: Engine, destinations: Destinations) -> None:
        self._engine = engine
        self._destinations = destinations

    def drafts(self, destination: str, draft: Draft) -> list[Draft]:
        """Address a draft: once for a URL, once per endpoint of a group. Refuses what can't be delivered."""
        if draft.queue is not None:
            self._engine.check_room_for_queue(draft.queue)
        group = self._engine.store.groups.get(destination)
        if group is None:
            self._destinations.check(destination)
            return [replace(draft, url=destination)]
        return [
            replace(draft, url=endpoint["url"], topic=group.name, endpoint=endpoint.get("name"))
            for endpoint in group.endpoints
        ]

    def publish(self, destination: str, publication: Publication) -> Receipt | list[Receipt]:
        """Publish to a URL (one receipt) or to a group (a list, even if the group has one endpoint)."""
        with self._engine.store.batch():
            receipts = [
                self._engine.publish(draft, publication.dedup_key(draft))
                for draft in self.drafts(destination, publication.draft)
            ]
        return receipts if destination in self._engine.store.groups else receipts[0]

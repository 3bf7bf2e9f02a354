"""Who does what, by chance: shoppers, suppliers, operators, strangers and the weather."""

import random
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from tests.simulation import deeds, early, strangers
from tests.simulation.always import lines_of
from tests.simulation.records import Cart
from tests.simulation.scenario import Scenario
from tests.simulation.world import World

FUNCTIONS = ("commands", "orders", "notifications", "inventory", "analytics")
Act = Callable[[], None]


class Crowd:
    """Everybody around the shop, each step one deed of one of them."""

    def __init__(self, world: World, scenario: Scenario) -> None:
        self._world, self._scenario = world, scenario
        # Streams of their own: who shops for what must not depend on how the shop is doing.
        self._script = random.Random(f"script {scenario.seed}")
        self._wishes = random.Random(f"wishes {scenario.seed}")
        self._rng = random.Random(f"crowd {scenario.seed}")
        self._payments = 0
        self._rotated = -1000.0
        usual: list[tuple[int, Act]] = [
            (30, self._shops),
            (6, self._repeats),
            (5, self._looks),
            (5, self._measures),
            (4, self._flushes),
            (5, self._breaks_down),
            (5, self._replays),
            (5, self._repeats_delivery),
            (5, self._poisons),
            (3, self._rotates),
            (4, self._forges),
            (3, self._overlaps),
            (3, self._decides),
            (3, self._is_blocked),
        ]
        wild: list[tuple[int, Act]] = [
            (8, self._pays_twice),
            (7, self._commands),
            (7, self._holds),
            (8, self._moves_orders),
            (6, self._calls_off),
            (5, self._sends_back),
            (7, self._restocks),
            (3, self._bounces),
            (3, self._asks_back),
            (3, self._estranges),
            (2, self._reprices),
            (1, self._floods),
            (6, self._tells_early),
            (4, self._corrects),
            (5, self._reuses_ids),
            (4, self._writes_oddly),
            (3, self._loses_its_store),
        ]
        if scenario.stage.strangers:
            wild += [(14, self._robs), (4, self._cancels_for_others), (24, self._confirms_late)]
        deeds_here = usual if scenario.plain else usual + wild
        self._deeds = [deed for _, deed in deeds_here]
        self._weights = [weight for weight, _ in deeds_here]

    def act(self) -> None:
        """One deed, and the time until the next."""
        self._script.choices(self._deeds, self._weights)[0]()
        self._world.scheduler.run(self._world.now + self._gap())

    def _gap(self) -> float:
        kind = self._script.random()
        if kind < 0.55:
            return self._script.random() * 0.05
        if kind < 0.80:
            return self._script.random() * 3
        if kind < 0.93:
            return self._script.random() * 40
        return self._script.random() * (240 if kind < 0.985 else 1500)

    # ------------------------------------------------------------------ shoppers
    def _new_cart(self, payment: str | None = None, *, price: Decimal | None = None) -> Cart:
        if payment is None:
            self._payments += 1
            payment = f"pay-{self._payments}"
        skus = list(self._scenario.catalogue)
        chosen = self._wishes.sample(skus, self._wishes.choice((1, 1, 1, 2, 2, 3)))
        wanted = {sku: self._wishes.choice((1, 1, 2, 3)) for sku in chosen}
        who = f"user-{self._wishes.randrange(6)}"
        return deeds.cart(self._world, payment, wanted, who=who, price=price)

    def _shops(self) -> None:
        for _ in range(self._wishes.choice((1, 1, 2, 4))):
            price = Decimal("0.01") if self._wishes.random() < 0.04 else None
            deeds.check_out(self._world, self._new_cart(price=price))

    def _repeats(self) -> None:
        if self._world.records.requests:
            made = self._rng.choice(self._world.records.requests)
            self._world.post(made, patience=len(made.answers) + 3)

    def _looks(self) -> None:
        for made in self._world.records.requests:
            if self._rng.random() < 0.3:
                self._world.ask(made)

    def _pays_twice(self) -> None:
        """Two tabs, one payment, different carts, at the same time."""
        first = self._new_cart()
        deeds.check_out(self._world, first)
        for _ in range(self._rng.choice((1, 1, 2))):
            deeds.check_out(self._world, self._new_cart(first.payment_id))

    def _commands(self) -> None:
        """Commands past the API: the same payment under several event ids, sometimes another cart."""
        world = self._world
        price = Decimal("0.01") if self._rng.random() < 0.1 else None
        wanted = self._new_cart(price=price)
        for _ in range(self._rng.choice((1, 2, 3))):
            world.command(wanted, world.new_event_id("command"))
        if self._rng.random() < 0.4:
            deeds.check_out(world, wanted)
        if self._rng.random() < 0.4:
            other = self._new_cart(wanted.payment_id)
            world.command(other, world.new_event_id("command"))
        if self._rng.random() < 0.4:
            deeds.check_out(world, self._new_cart(wanted.payment_id))

    def _holds(self) -> None:
        """Units are held for orders, which then are paid, given back, or forgotten."""
        for _ in range(self._rng.choice((1, 2, 3))):
            self._holds_for(self._new_cart())

    def _holds_for(self, wanted: Cart) -> None:
        world = self._world
        units = {sku: count for sku, (count, _) in wanted.lines.items()}
        other = dict.fromkeys(self._rng.sample(list(self._scenario.catalogue), 2), 1)
        deeds.reserve(world, wanted.order_id, units if self._rng.random() < 0.7 else other)
        follow_ups: list[Act] = [
            lambda: deeds.reserve(world, wanted.order_id, units),
            lambda: deeds.reserve(world, wanted.order_id, other),
            lambda: deeds.release(world, wanted.order_id, units, "cancelled"),
            lambda: deeds.release(world, wanted.order_id, units, "failed"),
            lambda: deeds.release(world, wanted.order_id, units, "timeout"),
            lambda: world.command(wanted, world.new_event_id("command")),
        ]
        when = [self._rng.choice((0.0, 0.3, 30.0, 900.0, 1000.0))] * 3
        for follow_up in self._rng.sample(follow_ups, self._rng.choice((0, 1, 2, 3))):
            world.scheduler.after(self._rng.choice((0.0, *when)), follow_up)
        if self._rng.random() < 0.5:
            deeds.check_out(world, wanted)

    def _moves_orders(self) -> None:
        """What becomes of orders is told in the wrong order, twice, and by two people at once."""
        orders = [str(row["orderId"]) for row in self._world.tables.all("orders")]
        for order_id in self._rng.sample(orders, min(len(orders), 3)):
            kinds = ("confirmed", "processing", "shipped", "delivered", "cancelled")
            for kind in self._rng.choices(kinds, (4, 3, 3, 2, 3), k=self._rng.choice((1, 2, 4))):
                deeds.move_order(self._world, order_id, kind)

    def _calls_off(self) -> None:
        """Shoppers change their minds, some of them twice."""
        bought = [made for made in self._world.records.requests if made.accepted]
        for made in self._rng.sample(bought, min(len(bought), 3)):
            for _ in range(self._rng.choice((1, 1, 2))):
                self._world.call_off(made)

    def _sends_back(self) -> None:
        """What was shipped comes back, more often than it was bought."""
        orders = self._world.tables.all("orders")
        for order in self._rng.sample(orders, min(len(orders), 2)):
            order_id, sku = str(order["orderId"]), min(lines_of(order))
            back = partial(deeds.take_back, self._world, order_id, sku)
            for delay, kind in enumerate(("confirmed", "shipped")):
                move = partial(deeds.move_order, self._world, order_id, kind)
                self._world.scheduler.after(delay * 3.0, move)
            for _ in range(self._rng.choice((1, 2, 3))):
                self._world.scheduler.after(self._rng.choice((0.0, 8.0, 60.0)), back)

    def _tells_early(self) -> None:
        """Events about an order arrive before it, and its later steps before the earlier ones."""
        wanted = self._new_cart()
        way = self._rng.choice(("shopper", "command", "command", "nobody"))
        if way == "shopper":
            deeds.check_out(self._world, wanted)
        kinds = ("confirmed", "confirmed", "processing", "shipped", "delivered", "cancelled")
        for kind in self._rng.sample(kinds, self._rng.choice((1, 2, 4))):
            early.tell_early(self._world, wanted, kind)
        if way == "command":
            command = partial(self._world.command, wanted, self._world.new_event_id("command"))
            self._world.scheduler.after(self._rng.choice((0.0, 3.0, 100.0, 900.0)), command)

    def _corrects(self) -> None:
        """Shoppers mistyped an address and send their payment again, with the right one."""
        asked = self._world.records.requests
        for made in self._rng.sample(asked, min(len(asked), 2)):
            other = early.corrected(made.cart, self._rng.choice(early.CORRECTIONS))
            if self._rng.random() < 0.5:
                deeds.check_out(self._world, other)
            else:
                self._world.command(other, self._world.new_event_id("command"))

    def _reuses_ids(self) -> None:
        taken = early.reusable(self._world)
        for event_id in self._rng.sample(taken, min(len(taken), 2)):
            early.reuse_id(self._world, event_id)

    def _writes_oddly(self) -> None:
        wanted, value = self._new_cart(), self._rng.choice(early.ODD)
        if self._rng.random() < 0.4:
            early.check_out_oddly(self._world, wanted, value or " ")
        else:
            field = self._rng.choice(("correlationId", "causationId", "source"))
            early.command_oddly(self._world, wanted, field, value)

    def _measures(self) -> None:
        deeds.report_metric(self._world, self._rng.randrange(1, 90))

    # ------------------------------------------------------------------ the shop's own people
    def _restocks(self) -> None:
        for _ in range(self._rng.choice((1, 1, 3))):
            sku = self._rng.choice(list(self._scenario.catalogue))
            deeds.restock(self._world, sku, self._rng.choice((1, 3, 8)))
        if self._rng.random() < 0.3:
            deeds.lose(self._world, self._rng.choice(list(self._scenario.catalogue)), 1)

    def _reprices(self) -> None:
        sku = self._rng.choice(list(self._scenario.catalogue))
        price = self._world.price_of(sku) + Decimal(self._rng.choice((-50, 25, 100))) / 100
        deeds.reprice(self._world, sku, max(price, Decimal(1)))

    def _asks_back(self) -> None:
        asked = deeds.refunds(self._world)
        for payload in self._rng.sample(asked, min(len(asked), 2)):
            deeds.ask_back_again(self._world, payload)

    def _bounces(self) -> None:
        address = f"user-{self._rng.randrange(6)}@example.com"
        # Whoever reports a bounce spells the address as its own host does.
        spelled = self._rng.choice((address, address.title(), address.upper()))
        deeds.bounce(self._world, spelled)

    def _replays(self) -> None:
        """Operators replay some dead letters in any order, sometimes two operators the same."""
        letters = deeds.letters_in(self._world, "open")
        chosen = self._rng.sample(letters, min(len(letters), 4))
        for _ in range(self._rng.choice((1, 1, 2)) if chosen else 0):
            deeds.replay(self._world, chosen, even_if_done=self._rng.random() < 0.5)
        for event_id in deeds.letters(self._world):
            if self._rng.random() < 0.1:
                deeds.send_again(self._world, event_id)

    def _decides(self) -> None:
        for event_id in deeds.doubtful_mail(self._world):
            if self._rng.random() < 0.5:
                resolution = self._rng.choice(("sent", "resend", "dropped"))
                deeds.resolve_mail(self._world, event_id, resolution)

    def _rotates(self) -> None:
        # Twice within minutes would lock everybody out, which QStash's own manual warns of.
        if self._world.now - self._rotated > 900:
            self._rotated = self._world.now
            self._world.rotate_keys()

    def _overlaps(self) -> None:
        self._world.reconcile()
        self._world.reconcile()

    # ------------------------------------------------------------------ strangers and the weather
    def _estranges(self) -> None:
        deeds.publish_alien(self._world, self._rng.choice(("major", "type", "garbage")))
        if self._rng.random() < 0.5:
            deeds.hearsay(self._world, self._rng.choice(("payments", "https://stranger.example/")))
            deeds.hearsay(self._world, "analytics", "order.shipped")

    def _robs(self) -> None:
        """Strangers name payments: of those who shop, and of those who will."""
        world, asked = self._world, self._world.records.requests
        victims = [made.cart.body for made in self._rng.sample(asked, min(len(asked), 2))]
        victims.append({**self._wanted(), "paymentId": f"pay-{self._payments + 1}"})
        if not world.stage.signed:
            for victim in victims[:-1]:
                stranger = {**strangers.OTHER_CONTACT, "userId": f"{strangers.WHO}pays-not"}
                stolen = self._new_cart(str(victim["paymentId"]))
                deeds.check_out(world, early.corrected(stolen, stranger))
            return
        for victim in victims:
            strangers.rob(world, victim, self._rng.choice(strangers.FORGERIES))
        for body, headers in self._rng.sample(
            world.recorded.requests, min(len(world.recorded.requests), 2)
        ):
            strangers.replay(world, body, headers)

    def _wanted(self) -> Mapping[str, Any]:
        sku = self._rng.choice(list(self._scenario.catalogue))
        return deeds.cart(self._world, "not paid yet", {sku: 1}).body

    def _cancels_for_others(self) -> None:
        orders = [str(row["orderId"]) for row in self._world.tables.all("orders")]
        for order_id in self._rng.sample(orders, min(len(orders), 2)):
            strangers.cancel(self._world, order_id)

    def _confirms_late(self) -> None:
        """A confirmation comes in the moment in which its order would lapse."""
        world, after = self._world, self._world.stage.lapses_after or 0
        waiting = [row for row in world.tables.all("orders") if row["status"] == "PENDING"]
        for order in self._rng.sample(waiting, min(len(waiting), 8)):
            made = datetime.fromisoformat(str(order["createdAt"])).timestamp()
            due = max(0.0, made + after + 5 - world.wall_clock())
            confirm = partial(deeds.move_order, world, str(order["orderId"]), "confirmed")
            world.scheduler.after(due, world.reconcile)
            world.scheduler.after(due + self._rng.choice((0.0, 0.02, 0.05, 0.1, 0.2)), confirm)

    def _forges(self) -> None:
        kind = self._rng.choice(("unsigned", "key", "url", "body"))
        deeds.forge(self._world, self._rng.choice(FUNCTIONS), kind)

    def _poisons(self) -> None:
        if not self._scenario.redis:
            return
        messages = list(self._world.qstash.messages.values())[-12:]
        for message in self._rng.sample(messages, min(len(messages), 3)):
            lie = self._rng.choice(deeds.lies(message.about))
            deeds.poison(self._world, message.about, lie)

    def _repeats_delivery(self) -> None:
        messages = list(self._world.qstash.messages.values())[-30:]
        for message in self._rng.sample(messages, min(len(messages), 3)):
            delay = self._rng.choice((0.0, 0.0, 1.0, 45.0))
            self._world.qstash.deliver_copy(message, delay)

    def _flushes(self) -> None:
        deeds.flush(self._world)

    def _is_blocked(self) -> None:
        status = self._rng.choice((429, 429, 502, 500, 404))
        deeds.block(
            self._world, self._rng.choice(FUNCTIONS), status, self._rng.choice((9.0, 300.0))
        )

    def _floods(self) -> None:
        orders = [str(row["orderId"]) for row in self._world.tables.all("orders")]
        if orders:
            deeds.flood(self._world, self._rng.choice(orders), self._rng.choice((12, 50)))

    def _loses_its_store(self) -> None:
        """The store takes no writes for a while: at once, or in the middle of another trouble, in
        which neither a failed event nor the callback about it finds its way."""
        world, delay = self._world, self._rng.choice((0.0, 30.0, 30.0))
        seconds = self._rng.choice((3.0, 300.0, 300.0))
        if not delay:
            deeds.stop_writes(world, seconds)
            return
        deeds.block(world, "analytics", 429, delay + seconds)
        deeds.report_metric(world, self._rng.randrange(1, 90))
        world.scheduler.after(delay, partial(deeds.stop_writes, world, seconds))
        # So long that the reconciler meets it, before anybody does anything else.
        world.scheduler.run(world.now + delay + 130.0)

    def _breaks_down(self) -> None:
        what = self._rng.choice((*FUNCTIONS, "checkout", "redis", "qstash", "analytics"))
        seconds = self._rng.choice((3.0, 20.0, 90.0, 400.0))
        deeds.outage(self._world, what, seconds)

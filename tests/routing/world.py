"""Pictures at random, one after the other: platforms and agreements come, change and go."""

from __future__ import annotations

import random

from routing.agreements import Agreement
from routing.directory import Directory, Party, Platform, endpoints_of
from routing.ocpi import VERSIONS, ConnectionStatus, Interface, PartyId, Role
from tests.routing.scene import HUB, MODULES

NAMES = [PartyId("NL", f"AA{number}") for number in range(6)]
ROLES = [Role.CPO, Role.CPO, Role.EMSP, Role.EMSP, Role.NSP, Role.SCSP, Role.OTHER, Role.HUB, Role.PTP]


class World:
    """Platforms and agreements that change at random."""

    def __init__(self, seed: int, *, needs_agreement: bool) -> None:
        self.dice = random.Random(seed)
        self.picture = Directory(HUB, needs_agreement=needs_agreement)
        for _ in range(6):
            self.change()

    def change(self) -> None:
        """The next picture: a platform comes, is another, or goes; or an agreement does."""
        dice, before = self.dice, self.picture
        number = before.revision + 1
        match dice.choice(["put", "put", "put", "remove", "agree", "agree"]):
            case "remove" if len(before.platforms) > 4:
                self.picture = before.changed(forgotten=[dice.choice(list(before.platforms))], revision=number)
            case "agree":
                pair = dice.choice(NAMES), dice.choice(NAMES)
                rows = tuple(
                    Agreement(
                        f"{number}-{count}",
                        *pair,
                        dice.random() < 0.5,
                        dice.choice([frozenset(), frozenset({"tokens"})]),
                    )
                    for count in range(dice.randint(0, 2))
                )
                self.picture = before.changed(pairs={pair: rows}, revision=number)
            case _:
                names = [*before.platforms, f"p{number}"]
                self.picture = before.changed([self._platform(dice.choice(names))], revision=number)

    def _platform(self, name: str) -> Platform:
        dice = self.dice
        parties = {(dice.choice(NAMES), dice.choice(ROLES)): dice.random() < 0.1 for _ in range(dice.randint(1, 3))}
        places = [(module, interface) for module in (*MODULES, "custom", "payments") for interface in Interface]
        urls = [(*place, f"https://{name}.example/{dice.random()}") for place in dice.sample(places, 14)]
        return Platform(
            name,
            name,
            dice.choice([ConnectionStatus.CONNECTED] * 6 + list(ConnectionStatus)),
            VERSIONS[dice.choice(["2.1.1", "2.2.1", "2.3.0"])] if dice.random() < 0.9 else None,
            endpoints=endpoints_of(urls),
            parties=tuple(
                Party(who, role, name, str(who), is_suspended=is_suspended)
                for (who, role), is_suspended in parties.items()
            ),
            is_hub=dice.random() < 0.1,
            counterpart=dice.choice(NAMES) if dice.random() < 0.15 else None,
        )

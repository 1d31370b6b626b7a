"""What a caller asks of a queue."""

from dataclasses import dataclass, replace

from switch.acd.settings import Contact, Requirement


@dataclass(frozen=True, slots=True)
class Asked:
    """`sticky_us` -1: who talked to the caller last does not matter. `wait_us_max` 0: for ever."""

    queue: str
    requirement: Requirement
    priority: int
    sticky_us: int
    wait_us_max: int

    def of(self, contact: Contact) -> Contact:
        """The contact as it asks now."""
        before = contact.before if self.sticky_us >= 0 else ""
        return replace(
            contact,
            queue=self.queue,
            requirement=self.requirement,
            priority=self.priority,
            before=before,
            sticky_us=max(0, self.sticky_us),
        )

# ruff: noqa: N802 - pjsua2 finds its callbacks by these names
"""What a phone watches: the presence of somebody, told as events."""

from typing import Any

from switch.cli.demo.pjsua import AccountBase, BuddyBase, emit, guarded_callback, pj


class Watched(BuddyBase):
    """Somebody whose presence the phone subscribes to, from now on."""

    def __init__(self, account: AccountBase, uri: str) -> None:
        super().__init__()
        config = pj.BuddyConfig()
        config.uri = uri
        config.subscribe = True
        self.create(account, config)

    @guarded_callback
    def onBuddyState(self) -> None:
        info = self.getInfo()
        status = info.presStatus
        emit(
            "presence",
            uri=info.uri,
            online=status.status == pj.PJSUA_BUDDY_STATUS_ONLINE,
            note=status.note,
            subscription=info.subStateName,
            ended=info.subTermReason,
        )


def mailbox_told(parameters: Any) -> None:
    """The account's NOTIFY of message-summary; its body is after the empty line."""
    message = parameters.rdata.wholeMsg
    emit("mailbox", body=message.partition("\r\n\r\n")[2].strip())

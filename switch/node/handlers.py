"""Which handler carries out which action of the dialplan: the registry that `exchange` is given."""

from collections.abc import Mapping

from switch.dialplan import actions
from switch.exchange import callbacks, detecting, supervision
from switch.exchange.actions import (
    agents,
    answering,
    conferencing,
    dialling,
    mail,
    messaging,
    playing,
    queueing,
    recording,
    timing,
)
from switch.exchange.exchange import Handler

HANDLERS: Mapping[type[actions.Action], Handler] = {
    actions.Answer: answering.answer,
    actions.Reject: answering.reject,
    actions.Hangup: answering.hang_up,
    actions.Play: playing.play,
    actions.StopPlay: playing.stop,
    actions.Enqueue: queueing.enqueue,
    actions.TurnAway: queueing.turn_away,
    actions.AskQueue: queueing.ask,
    actions.LeaveQueue: queueing.leave,
    actions.WishCallback: callbacks.wish,
    actions.Dial: dialling.dial,
    actions.Listen: detecting.listen,
    actions.StopListening: detecting.stop,
    actions.AgentCommand: agents.command,
    actions.Record: recording.record,
    actions.TakeMessage: messaging.take,
    actions.EndMessage: messaging.end,
    actions.AskMailbox: mail.ask,
    actions.OpenMailbox: mail.opened,
    actions.FetchMail: mail.fetch,
    actions.MarkMail: mail.mark,
    actions.DeleteMail: mail.delete,
    actions.SteerMail: mail.steer,
    actions.PaceMail: mail.pace,
    actions.TakeName: conferencing.take_name,
    actions.JoinConference: conferencing.join,
    actions.ControlConference: conferencing.control,
    actions.Supervise: supervision.dialled,
    actions.ChangeSupervision: supervision.changed,
    actions.LeaveSupervision: supervision.left,
    actions.WakeAt: timing.wake_at,
    actions.Trail: timing.trail,
}

"""What the journal says of an agent is enough to put the agent back after a restart."""

from switch.acd import events as acd
from switch.acd.select import router_class
from switch.acd.settings import AgentSettings


def test_a_pause_is_told_while_the_phone_is_gone() -> None:
    for prefer_c in (False, True):
        router = router_class(prefer_c=prefer_c)(0)
        for event in (acd.SetAgent(AgentSettings("anna")), acd.Reach("anna", True), acd.SignIn("anna")):
            router.apply(event, 0)
        router.apply(acd.Pause("anna", "lunch"), 1)
        (gone,) = router.apply(acd.Reach("anna", False), 2)
        assert (gone.state, gone.reason) == ("unreachable", "lunch")
        (resumed,) = router.apply(acd.Resume("anna"), 3)
        assert (resumed.state, resumed.reason) == ("unreachable", "")

"""One handler file an action of the dialplan. `node` fills the registry; a handler is

handle(office, session, action, now) -> None
"""

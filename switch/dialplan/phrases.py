"""What the switch says by itself, in the languages it knows. A tenant's prompt of the same name replaces one.

Whole sentences for each number, because numbers glued into a sentence sound wrong and are wrong in
French ("en première position", "une minute").
"""

from collections.abc import Mapping

POSITION_SPOKEN_MAX = 20
"""Further places are told as "more than 20": nobody wants to hear 87, and each is a clip in memory."""

MINUTES_SPOKEN = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 40, 50, 60)
"""Estimates are rounded up to one of these: a promise of "17 minutes" claims a precision that nobody has."""

FALLBACK = "en"
MUSIC = "music"
RINGBACK = "ringback"
BEEP = "beep"

AGENT_MESSAGES = ("signed-in", "signed-out", "paused", "resumed", "wrap-up-ended", "not-an-agent", "refused")
"""What `AgentCommandDone.message` may say."""

_ENGLISH = {
    "wrong-key": "Sorry, that is not one of the choices.",
    "no-key": "Sorry, we did not hear a choice.",
    "goodbye": "Thank you for calling. Goodbye.",
    "all-agents-busy": "All our agents are still busy. Please call again later. Goodbye.",
    "queue-full": "Too many callers are waiting at the moment. Please call again later. Goodbye.",
    "no-agents": "Nobody is available to take your call at the moment. Please call again later. Goodbye.",
    "not-available": "We cannot take your call at the moment. Please call again later. Goodbye.",
    "closed": "We are closed now. Please call again during our opening hours. Goodbye.",
    "line-busy": "The line is busy. Goodbye.",
    "no-answer": "Nobody answers. Goodbye.",
    "unreachable": "This number cannot be reached. Goodbye.",
    "pause-which": "Please enter the number of your reason for the pause.",
    "signed-in": "You are signed in.",
    "signed-out": "You are signed out. Goodbye.",
    "paused": "You are paused.",
    "resumed": "You are available again.",
    "wrap-up-ended": "Your wrap-up is over. You are available again.",
    "not-an-agent": "This phone does not belong to an agent.",
    "refused": "That is not possible now.",
    "callback-offer": "To keep your place and be called back, press 1.",
    "callback-number": "We will call you back at",
    "callback-confirm": "Press 1 if this is right, 2 for another number, or star to go back.",
    "callback-confirm-only": "Press 1 if this is right, or star to go back.",
    "callback-enter": "Enter the number at which we should call you, then press the hash key.",
    "callback-refused": "We cannot call that number.",
    "callback-promised": "You keep your place, and we will call you back. Goodbye.",
    "digit-plus": "plus",
    "enter-pin": "Please enter the PIN, then the hash key.",
    "wrong-pin": "That PIN is not right.",
    "mailbox-full": "This mailbox is full. Please try again later.",
    "mail-none": "There are no messages.",
    "mail-you-have": "You have",
    "mail-new": "new messages.",
    "mail-saved": "saved messages.",
    "mail-today": "Received today,",
    "mail-yesterday": "Received yesterday,",
    "mail-received": "Received",
    "mail-days-ago": "days ago,",
    "mail-at": "at",
    "mail-hours": "hours",
    "mail-menu": "Press 1 to hear it again, 2 to keep it as new, 3 to delete it, 4 to go back, 6 to go on, "
    "0 for more keys.",
    "mail-help": "While a message plays, press 4 for slower, 6 for faster, 5 for louder, 7 to go back, 9 to "
    "go forward, 8 to pause and go on, hash for the next message, star to end.",
    "mail-kept": "The message is new again.",
    "mail-deleted": "The message is deleted.",
    "mail-last": "There are no more messages.",
    "mail-gone": "This message cannot be played.",
    "conference-full": "This conference is full. Goodbye.",
    "conference-locked": "This conference is locked. Goodbye.",
    "conference-ended": "The conference has ended.",
    "say-name": "Please say your name after the tone, then press the hash key.",
    "has-joined": "has joined.",
    "has-left": "has left.",
    "muted": "You are muted.",
    "not-muted": "You can be heard again.",
    "room-locked": "The conference is locked.",
    "room-open": "The conference is open again.",
    "others-muted": "All others are muted.",
    "others-not-muted": "All others can be heard again.",
    "position-more": f"More than {POSITION_SPOKEN_MAX} callers are waiting before you.",
    "estimate-more": "Your estimated wait is more than an hour.",
}

_FRENCH = {
    "wrong-key": "Désolé, ce choix n'existe pas.",
    "no-key": "Désolé, nous n'avons pas reçu de choix.",
    "goodbye": "Merci de votre appel. Au revoir.",
    "all-agents-busy": "Tous nos conseillers sont encore occupés. Merci de rappeler plus tard. Au revoir.",
    "queue-full": "Trop de personnes attendent en ce moment. Merci de rappeler plus tard. Au revoir.",
    "no-agents": "Personne ne peut prendre votre appel en ce moment. Merci de rappeler plus tard. Au revoir.",
    "not-available": "Nous ne pouvons pas prendre votre appel. Merci de rappeler plus tard. Au revoir.",
    "closed": "Nous sommes fermés. Merci de rappeler pendant nos heures d'ouverture. Au revoir.",
    "line-busy": "La ligne est occupée. Au revoir.",
    "no-answer": "Votre correspondant ne répond pas. Au revoir.",
    "unreachable": "Votre correspondant ne peut être joint. Au revoir.",
    "pause-which": "Composez le numéro du motif de votre pause.",
    "signed-in": "Vous êtes connecté.",
    "signed-out": "Vous êtes déconnecté. Au revoir.",
    "paused": "Vous êtes en pause.",
    "resumed": "Vous êtes de nouveau disponible.",
    "wrap-up-ended": "Votre temps de clôture est terminé. Vous êtes de nouveau disponible.",
    "not-an-agent": "Ce poste n'est pas celui d'un conseiller.",
    "refused": "Ce n'est pas possible maintenant.",
    "callback-offer": "Pour garder votre place et être rappelé, appuyez sur 1.",
    "callback-number": "Nous vous rappellerons au",
    "callback-confirm": "Appuyez sur 1 pour confirmer, 2 pour un autre numéro, étoile pour revenir.",
    "callback-confirm-only": "Appuyez sur 1 pour confirmer, étoile pour revenir.",
    "callback-enter": "Composez le numéro où vous rappeler, puis appuyez sur dièse.",
    "callback-refused": "Nous ne pouvons pas appeler ce numéro.",
    "callback-promised": "Vous gardez votre place et nous vous rappellerons. Au revoir.",
    "digit-plus": "plus",
    "enter-pin": "Composez le code, puis la touche dièse.",
    "wrong-pin": "Ce code n'est pas le bon.",
    "mailbox-full": "Cette boîte vocale est pleine. Merci de réessayer plus tard.",
    "mail-none": "Vous n'avez pas de message.",
    "mail-you-have": "Vous avez",
    "mail-new": "nouveaux messages.",
    "mail-saved": "messages conservés.",
    "mail-today": "Reçu aujourd'hui",
    "mail-yesterday": "Reçu hier",
    "mail-received": "Reçu il y a",
    "mail-days-ago": "jours",
    "mail-at": "à",
    "mail-hours": "heures",
    "mail-menu": "1 pour réécouter, 2 pour conserver, 3 pour effacer, 4 pour revenir, 6 pour continuer, "
    "0 pour les autres touches.",
    "mail-help": "Pendant un message, 4 pour ralentir, 6 pour accélérer, 5 pour plus fort, 7 pour reculer, "
    "9 pour avancer, 8 pour la pause, dièse pour le message suivant, étoile pour terminer.",
    "mail-kept": "Le message est de nouveau nouveau.",
    "mail-deleted": "Le message est effacé.",
    "mail-last": "Il n'y a plus de message.",
    "mail-gone": "Ce message ne peut être lu.",
    "conference-full": "Cette conférence est complète. Au revoir.",
    "conference-locked": "Cette conférence est verrouillée. Au revoir.",
    "conference-ended": "La conférence est terminée.",
    "say-name": "Dites votre nom après le bip, puis appuyez sur dièse.",
    "has-joined": "a rejoint la conférence.",
    "has-left": "a quitté la conférence.",
    "muted": "On ne vous entend plus.",
    "not-muted": "On vous entend de nouveau.",
    "room-locked": "La conférence est verrouillée.",
    "room-open": "La conférence est de nouveau ouverte.",
    "others-muted": "Les autres participants sont en sourdine.",
    "others-not-muted": "On entend de nouveau les autres participants.",
    "position-more": f"Plus de {POSITION_SPOKEN_MAX} personnes attendent avant vous.",
    "estimate-more": "Votre attente est estimée à plus d'une heure.",
}


def _english() -> dict[str, str]:
    numbers = {
        f"position-{n}": f"You are number {n} in the queue." for n in range(2, POSITION_SPOKEN_MAX + 1)
    }
    minutes = {f"estimate-{n}": f"Your estimated wait is {n} minutes." for n in MINUTES_SPOKEN}
    first = {
        "position-1": "You are next.",
        "estimate-1": "Your estimated wait is less than a minute.",
        "estimate-60": "Your estimated wait is an hour.",
    }
    digits = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    return _ENGLISH | numbers | minutes | first | {f"digit-{n}": word for n, word in enumerate(digits)}


def _french() -> dict[str, str]:
    numbers = {
        f"position-{n}": f"Vous êtes en position {n} dans la file d'attente."
        for n in range(2, POSITION_SPOKEN_MAX + 1)
    }
    minutes = {f"estimate-{n}": f"Votre attente est estimée à {n} minutes." for n in MINUTES_SPOKEN}
    first = {
        "position-1": "Vous êtes la prochaine personne.",
        "estimate-1": "Votre attente est estimée à moins d'une minute.",
        "estimate-60": "Votre attente est estimée à une heure.",
    }
    digits = ("zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf")
    return _FRENCH | numbers | minutes | first | {f"digit-{n}": word for n, word in enumerate(digits)}


NUMBER_MAX = 100
"""Counts of messages, days, hours and minutes; more is told as this."""

_NUMBERS = {f"number-{n}": str(n) for n in range(NUMBER_MAX + 1)}
NUMBERS = frozenset(_NUMBERS)
"""Phrases needed only where numbers are told."""

PHRASES: Mapping[str, Mapping[str, str]] = {"en": _english() | _NUMBERS, "fr": _french() | _NUMBERS}
NAMES = frozenset(PHRASES[FALLBACK])


def number_prompt(number: int) -> str:
    """The phrase that tells a number; at most NUMBER_MAX."""
    return f"number-{min(max(number, 0), NUMBER_MAX)}"


def position_prompt(position: int) -> str:
    """The phrase that tells a place in the queue (1 is next)."""
    return f"position-{max(position, 1)}" if position <= POSITION_SPOKEN_MAX else "position-more"


def estimate_prompt(estimate_s: int) -> str:
    """The phrase that tells a wait, rounded up to a minute that is spoken."""
    minutes = -(-estimate_s // 60)
    spoken = next((choice for choice in MINUTES_SPOKEN if choice >= minutes), None)
    return "estimate-more" if spoken is None else f"estimate-{spoken}"


def phrase(name: str, language: str) -> str:
    """A phrase in `language` ("fr-CA" speaks fr), English where we do not know the language."""
    base = language.split("-", maxsplit=1)[0]
    return PHRASES.get(base, PHRASES[FALLBACK])[name]


def speaks(language: str) -> bool:
    """Whether phrases exist in this language."""
    return language.split("-", maxsplit=1)[0] in PHRASES


CALLBACK = frozenset(name for name in NAMES if name.startswith(("callback-", "digit-")))
"""Phrases needed only where a queue calls back."""

WAITING = frozenset(name for name in NAMES if name.startswith(("position-", "estimate-")))
"""Phrases needed only where a queue announces."""

"""A tenant's prompts: what is defined, what is used, and the clips that follow from it."""

from dataclasses import dataclass, field
from hashlib import blake2s
from typing import Any

from switch.dialplan import phrases
from switch.dialplan.plan import ClipKind, ClipRequest
from switch.dialplan.problems import Place, Problems, suggestion
from switch.dialplan.source import Path, Source

PROMPTS_MAX = 20
"""Prompts heard in a row by one step."""

OTHERS = "others"
"""Beside the wordings of a prompt: the language whose wording all other callers hear."""

SOUND_FILES = (".wav", ".mp3", ".ogg", ".opus", ".flac")
"""A wording that ends so is a file's name."""

_INLINE = "line-"
"""A prompt that is written where it is played is named by its place."""

TEXT_MAX = 2000
"""Characters of one spoken prompt: two minutes, more than anybody listens to."""


@dataclass(slots=True)
class PromptBook:
    """Prompts by name; `wordings` by language, "" where one wording serves every language."""

    tenant: str
    source: Source
    problems: Problems
    languages: tuple[str, ...]
    voices: dict[str, str]
    wordings: dict[str, dict[str, str]] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    spoken_by: dict[str, str] = field(default_factory=dict)

    def define(self, name: str, raw: Any, path: Path) -> None:
        """A prompt of the `prompts` section, or one written where it is played."""
        place = self.source.place(path)
        self.places[name] = place
        self.wordings[name] = {}
        if isinstance(raw, str):
            if len(self.languages) > 1 and not raw.endswith(SOUND_FILES):
                self.problems.warn(
                    place, f"prompt '{name}' has one wording: callers of every language hear it"
                )
            self._word(name, "", raw, place)
        elif isinstance(raw, dict):
            self._by_language(name, raw, path)
        else:
            self.problems.add(place, f"prompt '{name}': a text, a .wav file, or one by language was expected")

    def _by_language(self, name: str, raw: dict[str, Any], path: Path) -> None:
        others = raw.get(OTHERS)
        if others is not None and (others not in raw or others == OTHERS):
            self.problems.add(
                self.source.place((*path, OTHERS)),
                f"a language that stands beside was expected, found '{others}'",
            )
        for language, text in raw.items():
            if language == OTHERS:
                continue
            place = self.source.place((*path, language))
            if language not in self.languages:
                self.problems.unknown(
                    self.source.key_place((*path, language)), "language", language, self.languages
                )
            elif isinstance(text, str):
                self._word(name, language, text, place)
            else:
                self.problems.add(place, "a text or the name of a sound file was expected")
        missing = [language for language in self.languages if language not in raw]
        if others is not None:
            self.spoken_by[name] = str(others)
            return
        if self.languages[0] in missing:
            word = f"prompt '{name}' has no wording in {self.languages[0]}, the tenant's first language"
            self.problems.add(self.places[name], word)
        elif missing:
            word = (
                f"prompt '{name}' has no {', '.join(missing)} wording; {self.languages[0]} is heard instead"
            )
            self.problems.warn(self.places[name], word)

    def _word(self, name: str, language: str, text: str, place: Place) -> None:
        if not text.strip():
            self.problems.add(place, "a text was expected, found nothing but spaces")
        elif len(text) > TEXT_MAX:
            self.problems.add(place, f"a prompt has at most {TEXT_MAX} characters, found {len(text)}")
        else:
            self.wordings[name][language] = text.strip()
            self.places[f"{name} {language}"] = place

    def resolve(self, raw: Any, path: Path) -> tuple[str, ...]:
        """Prompt names of `welcome`, `[welcome, news]` or `{fr: ..., en: ...}`; unknown ones are noted."""
        if raw is None:
            return ()
        items = list(enumerate(raw)) if isinstance(raw, list) else [(None, raw)]
        if len(items) > PROMPTS_MAX:
            self.problems.add(
                self.source.place(path), f"at most {PROMPTS_MAX} prompts in a row were expected"
            )
        names: list[str] = []
        for index, item in items:
            at = path if index is None else (*path, index)
            name = self._one(item, at)
            if name is not None:
                names.append(name)
        return tuple(names)

    def _one(self, item: Any, path: Path) -> str | None:
        place = self.source.place(path)
        if isinstance(item, dict):
            return self.inline(item, path)
        if not isinstance(item, str):
            self.problems.add(place, "the name of a prompt, or a text by language, was expected")
            return None
        if item not in self.wordings and item not in phrases.NAMES and item != phrases.BEEP:
            known = [name for name in self.wordings if not name.startswith(_INLINE)]
            hint = suggestion(item, known)
            if " " in item:
                hint = "; text goes below prompts:, or here as {" + self.languages[0] + ": the text}"
            self.problems.add(place, f"unknown prompt '{item}'{hint}")
            return None
        self.used.add(item)
        return item

    def inline(self, raw: Any, path: Path) -> str:
        """A prompt written where it is played; its name comes from its line."""
        place = self.source.place(path)
        name = f"{_INLINE}{place.line}-{place.column}"
        self.define(name, raw, path)
        self.used.add(name)
        return name

    def music(self, raw: Any, path: Path) -> str:
        """What plays while waiting: by default our own music; `none`, a sound file, or a prompt."""
        if raw is None:
            self.used.add(phrases.MUSIC)
            return phrases.MUSIC
        if raw == "none":
            return ""
        if isinstance(raw, str) and raw.endswith(SOUND_FILES):
            self.wordings.setdefault(raw, {"": raw})
            self.places.setdefault(f"{raw} ", self.source.place(path))
            self.used.add(raw)
            return raw
        names = self.resolve(raw, path)
        return names[0] if names else ""

    def use_phrases(self, names: frozenset[str] | tuple[str, ...]) -> None:
        """Built-in phrases that can be heard."""
        self.used.update(names)

    def warn_unused(self) -> None:
        """Prompts that nobody plays: often a misspelling elsewhere."""
        for name in self.wordings:
            if name not in self.used and name not in phrases.NAMES:
                self.problems.warn(self.places[name], f"prompt '{name}' is never played")

    def clips(self) -> tuple[dict[str, dict[str, str]], tuple[ClipRequest, ...]]:
        """Clip names by prompt and language, and the requests behind them, in the order of names."""
        names: dict[str, dict[str, str]] = {}
        requests: list[ClipRequest] = []
        for prompt in sorted(self.used):
            by_language: dict[str, str] = {}
            for language, request in self._requests(prompt):
                by_language[language] = request.name
                requests.append(request)
            others = self.spoken_by.get(prompt, "")
            if others in by_language:
                by_language = {each: by_language.get(each, by_language[others]) for each in self.languages}
            names[prompt] = by_language
        return names, tuple(requests)

    def _requests(self, prompt: str) -> list[tuple[str, ClipRequest]]:
        first = self.languages[0]
        wording = self.wordings.get(prompt, {})
        name = f"{self.tenant}/{prompt}"
        if prompt == phrases.MUSIC and not wording:
            return [(first, ClipRequest(name, ClipKind.MUSIC))]
        if prompt == phrases.BEEP and not wording:
            return [(first, ClipRequest(name, ClipKind.TONE, text=phrases.BEEP))]
        if prompt in phrases.NAMES and not wording:
            return [
                (each, self._speech(name, each, phrases.phrase(prompt, each), Place()))
                for each in self.languages
            ]
        requests: list[tuple[str, ClipRequest]] = []
        for language, text in wording.items():
            place = self.places.get(f"{prompt} {language}", Place())
            spoken = language or first
            if prompt.startswith(_INLINE):
                # Its name is its place: another text that a reload puts there is another clip, so that calls
                # in progress go on hearing theirs.
                name = f"{self.tenant}/{prompt}.{blake2s(text.encode(), digest_size=4).hexdigest()}"
            if text.endswith(SOUND_FILES):
                clip = ClipRequest(
                    f"{name}.{spoken}", ClipKind.FILE, spoken, path=self._path(text), place=place
                )
            else:
                clip = self._speech(name, spoken, text, place)
            requests.append((spoken, clip))
        return requests

    def _speech(self, name: str, language: str, text: str, place: Place) -> ClipRequest:
        voice = self.voices.get(language, "")
        return ClipRequest(
            f"{name}.{language}", ClipKind.SPEECH, language, text=text, voice=voice, place=place
        )

    def _path(self, written: str) -> str:
        folder, slash, _ = self.source.file.rpartition("/")
        return written if written.startswith("/") or not slash else f"{folder}/{written}"

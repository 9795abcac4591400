"""The question banks that helpers qualify with, as they are written down."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from deploy.tenants.source import BadFileError, Entry, Source, against, unique
from deploy.tenants.tenant import Slug
from shared.kernel.text import clean

BANKS = Path(__file__).parent / "questions"
LOCALES = ("de", "en", "fr")
FEWEST = 10
"""One attempt draws ten questions."""

Number = Annotated[str, Field(pattern=r"^q[0-9]{2,3}$")]
"""Helpers see it beside the question, so a word that describes it could give the answer away."""

Letter = Literal["a", "b", "c", "d"]
Words = Annotated[
    str,
    AfterValidator(lambda text: clean(text, one_line=True)),
    Field(min_length=1, max_length=300),
]


class Texts(Entry):
    """The same sentence in every locale that banks are kept in."""

    de: Words
    en: Words
    fr: Words


class Option(Entry):
    """A choice; right is true or absent."""

    id: Letter
    text: Texts
    right: Literal[True] | None = None


class Question(Entry):
    """Four options, one of them right."""

    id: Number
    text: Texts
    options: Annotated[list[Option], Field(min_length=4, max_length=4)]

    @model_validator(mode="after")
    def _answerable(self) -> Self:
        right = [place for place, option in enumerate(self.options) if option.right]
        if not right:
            raise against("must have one option with right: true", "options")
        if len(right) > 1:
            raise against("must be the only one that is right", "options", right[1], "right")
        unique((option.id for option in self.options), ("options",), ("id",))
        for locale in LOCALES:
            texts = (getattr(option.text, locale) for option in self.options)
            unique(texts, ("options",), ("text", locale))
        return self


class Bank(Entry):
    """skill repeats the file's name; version rises with every change."""

    skill: Slug
    version: Annotated[int, Field(ge=1)]
    questions: Annotated[list[Question], Field(min_length=FEWEST)]

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        unique((question.id for question in self.questions), ("questions",), ("id",))
        for locale in LOCALES:
            texts = (getattr(question.text, locale) for question in self.questions)
            unique(texts, ("questions",), ("text", locale))
        return self


def questions(skill: str, folder: Path = BANKS) -> dict[str, Any]:
    """``{skill, version, questions: [{id, text: {locale: words}, options: [...]}]}``.

    An option is ``{id, text: {locale: words}}``, and ``right: true`` for the right one alone.
    Raises BadFileError, whose text is one line for each fault.
    """
    path = folder / f"{skill}.yaml"
    source = Source(path)
    bank = source.parse(Bank)
    if bank.skill != path.stem:
        raise BadFileError([source.fault(("skill",), f"must be {skill}, as the file is named")])
    return bank.model_dump(exclude_none=True)


def skills(folder: Path = BANKS) -> list[str]:
    """The skills that there is a bank for."""
    return sorted(path.stem for path in folder.glob("*.yaml"))

"""The scripts of the demo bots: three small scenes, each of which can be reasoned out from what is said in it."""

from __future__ import annotations

from typing import Any, Final


def _rule(*when: str, say: str | tuple[str, ...], to: str | None = None) -> dict[str, Any]:
    return {"when": when, "replies": (say,) if isinstance(say, str) else say, "to": to}


FERRYMAN: Final[dict[str, Any]] = {
    "start": "shore",
    "states": {
        "shore": {
            "rules": [
                _rule(
                    "* song|story|tale|poem|joke|tune|rhyme|lullaby|riddle|ballad *",
                    "* sing *",
                    say="He closes his eyes and listens to the end. “That weighs nothing, and I shall have it all the "
                    "way. Step in.” Midstream the boat stops. “Now the river wants its toll. It asks: "
                    "what do you keep only after you have given it?”",
                    to="midstream",
                ),
                _rule(
                    "* coin|coins|gold|silver|money|sol|lamports|pay|cash *",
                    say=(
                        "“Coin! Do you know what a boat does under coin? I carry nothing that weighs.”",
                        "“It sinks. Keep your purse. I take what fits through an ear.”",
                    ),
                ),
                _rule(
                    "* fare|price|cost|want|toll *",
                    say=(
                        "“My fare? Something that weighs nothing and makes the way shorter.”",
                        "“The last one gave me three verses about a goose. We were over in no time.”",
                    ),
                ),
                _rule(
                    "hello|hi|hey|greetings *",
                    "good evening|morning|day *",
                    say="“Evening,” says he. It is always evening here.",
                ),
                _rule("* swim *", say="“Many have. None has told me how it was.”"),
            ],
            "otherwise": [
                "The ferryman looks at the water. “Others have asked what my fare is.”",
                "“I have no use for what you carry in a bag,” he says. “The nights are long, and nobody talks to me.”",
                "He hums two bars of something and stops. “How does it go on?” he says, and looks at you.",
            ],
        },
        "midstream": {
            "rules": [
                _rule(
                    "* word|promise|vow|oath|promises|vows *",
                    say="The water lets go of the boat. “Your word,” says the ferryman. “Most people break it here.” "
                    "The keel runs on sand: you are over, and what lies on this side is yours.",
                    to="across",
                ),
                _rule(
                    "* secret|secrets *",
                    say="“A secret you keep *until* you have given it. The other way round.”",
                ),
                _rule(
                    "* love|heart|friendship *",
                    say="“You have that before you give it, too. What begins when it is given?”",
                ),
                _rule("* back|return *", say="“There is no back in the middle of a river.”"),
            ],
            "otherwise": [
                "The river murmurs. “What do you keep only after you have given it?” the ferryman says once more.",
                "“Honest people keep it. Others break it, though it is no thing,” he says.",
                "“You give it with a hand on your heart. Some give it to a bank, some to a bride.”",
            ],
        },
        "across": {"solved": True},
    },
}

DOOR: Final[dict[str, Any]] = {
    "start": "three_bolts",
    "states": {
        "three_bolts": {
            "rules": [
                _rule(
                    "* whos there *",
                    "* who is there *",
                    "* who goes there *",
                    say="The hinges squeal with joy. “Justin!”",
                    to="justin",
                ),
                _rule(
                    "* knock knock *",
                    say="“No, no, no. *I* knock. I have been knocked on all my life. Knock knock!”",
                ),
                _rule(
                    "* open *",
                    say=("“Manners! I said: knock knock.”", "“One does not open. One answers. Knock knock!”"),
                ),
                _rule(
                    "* key|lockpick|crowbar|dynamite *",
                    say="“Rude,” says the door, and shoots her bolts a little deeper.",
                ),
            ],
            "otherwise": [
                "“Knock knock!” says the door, and waits.",
                "“Four hundred years,” she sighs, “and nobody has ever learned his part. Knock knock!”",
                "“I say *knock knock*, and then you ask something. Children know it.”",
            ],
        },
        "justin": {
            "rules": [
                _rule(
                    "* justin who *",
                    say="“Justin time to hear the next one!” Two bolts fly back, and dust comes down from the ceiling. "
                    "“Oh, that was good. One more, the oldest of them all: when is a door not a door?”",
                    to="last_bolt",
                ),
                _rule("* who *", say="“Not just *who*. Say his name, as one does.”"),
            ],
            "otherwise": [
                "“Justin!” says the door again, and cannot keep her hinges still.",
                "“And now you ask which Justin,” she whispers. “In two words.”",
            ],
        },
        "last_bolt": {
            "rules": [
                _rule(
                    "* ajar *",
                    "* a jar *",
                    say="She laughs until the last bolt jumps out of its socket, and swings wide. “Ajar! It gets me "
                    "every time. Take it, take it all. And shut me when you go: there is a draught.”",
                    to="wide_open",
                ),
                _rule(
                    "* open *",
                    say="“An open door is a door. Have you no ear? It has to sound like something else.”",
                ),
                _rule(
                    "* jar|pot|bottle *", say="“So close that it is in my cracks. Say it as a door would.”"
                ),
                _rule("* gate|window|wall *", say="“That is family. No.”"),
            ],
            "otherwise": [
                "“When is a door not a door?” she asks. “It is a matter of a few fingers' width.”",
                "“Neither open nor shut. And one could keep jam in it.”",
            ],
        },
        "wide_open": {"solved": True},
    },
}

BUTLER: Final[dict[str, Any]] = {
    "start": "calm",
    "states": {
        "calm": {
            "rules": [
                _rule(
                    "* where * you *",
                    "* nine|alibi *",
                    "* what * you * do|doing *",
                    say="“At nine?” Pell straightens a fork that is straight. “In the hall, winding the clock. I wind "
                    "it at nine when I hear it strike. Every evening, on the last stroke.”",
                    to="alibi",
                ),
                _rule(
                    "* you * stole|took|take|steal|thief|guilty *",
                    say=(
                        "“I beg your pardon. And when am I supposed to have done so?”",
                        "“Accusing is easy. Ask me where I was, and I shall tell you.”",
                    ),
                ),
                _rule("* clock *", say="“A fine clock. It was the late master's.”"),
                _rule(
                    "* shoes|rain|garden|wet|dry *", say="“I do not go out in the rain. You see my shoes.”"
                ),
                _rule(
                    "* cook *",
                    say="“The cook was in her kitchen. She sings; one hears her through three doors.”",
                ),
            ],
            "otherwise": [
                "Pell bows by a finger's width. “Will that be all?”",
                "“The inspector asked where I was at nine,” he says. “You may ask the same.”",
            ],
        },
        "alibi": {
            "rules": [
                _rule(
                    "* clock * stopped|stood|broken|silent|eight|dead *",
                    "* it * stopped|stood|broken|dead *",
                    "* stopped|broken|silent|dead * clock *",
                    "* could|did * not|never * hear|strike *",
                    "* didnt|couldnt * hear|strike *",
                    say="Pell opens his mouth and shuts it again. It is very quiet in the hall; one hears that nothing "
                    "ticks. “It had stopped,” he says at last. “At eight. Then I cannot have heard it.” He sits down, "
                    "for the first time in thirty years. “Ask, then.”",
                    to="cornered",
                ),
                _rule(
                    "* clock|wind|winding *",
                    say="“On the last stroke of nine, as I said. One could set one's life by it.”",
                ),
                _rule("* lie|lying|liar *", say="“Then show me what in it is not so.”"),
                _rule("* where|nine|alibi *", say="“Winding the clock. When it struck nine.”"),
            ],
            "otherwise": [
                "“I heard it strike, and I wound it,” says Pell. “What could be plainer?”",
                "“You have the inspector's notes,” he says. “Does anything in them speak against me?”",
            ],
        },
        "cornered": {
            "rules": [
                _rule(
                    "* where|hid|hide|hidden|hiding *",
                    "* inside|in * clock *",
                    say="“In the clock. It is the spoon that stopped it.” He opens the case himself: between the "
                    "wheels, bright as a moon, lies the silver spoon. “I only wanted to hear it be quiet, once.”",
                    to="found",
                ),
                _rule(
                    "* why *",
                    say="“Thirty years I have polished it, and never once eaten with it. But that is not what you "
                    "want to know.”",
                ),
                _rule("* who|alone|cook *", say="“I alone. Leave the cook to her songs.”"),
            ],
            "otherwise": [
                "Pell looks at his hands. “You have me. But you do not have the spoon.”",
                "“Ask me where it is,” he says. “I am tired of being the only one who knows.”",
            ],
        },
        "found": {"solved": True},
    },
}

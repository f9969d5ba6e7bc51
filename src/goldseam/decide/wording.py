"""A decision in plain words: first what decides, then what else to know."""

from __future__ import annotations

from collections.abc import Iterator

from goldseam.decide.case import TraceLine
from goldseam.decide.decision import Decision
from goldseam.decide.policy import Mode


def explain_decision(decision: Decision) -> tuple[str, ...]:
    """The sentences that say what decides: what holds it at its mode, the policy, whose settings count."""
    binding = [line for line in decision.trace if line.caps is decision.mode]
    sentences = [_sentence(line, decision) for line in binding]
    deciding = [line for line in decision.trace if line.layer == "policy" and line.about and _is_policy(line, decision)]
    if decision.policy and not any(line in binding for line in deciding):
        sentences += [_alone(line, binding) for line in deciding]
    sentences += _of_settings(decision, binding)
    return tuple(dict.fromkeys(sentences))


def _is_policy(line: TraceLine, decision: Decision) -> bool:
    return line.about == decision.policy and line.truth is not False


def _alone(line: TraceLine, binding: list[TraceLine]) -> str:
    """The policy that decides, where something else holds the decision at its mode, or nothing does."""
    if line.truth is None:
        return f"Policy `{line.about}` may apply; until that is known it is not automatic."
    mode = line.caps or Mode.AUTO
    if binding:
        return f"Policy `{line.about}` is the first that applies; by itself it would allow {mode}."
    return f"Policy `{line.about}` is the first that applies and decides: {mode}; nothing objects."


def _of_settings(decision: Decision, binding: list[TraceLine]) -> Iterator[str]:
    for line in decision.trace:
        if line.layer == "setting" and line not in binding:
            yield _sentence(line, decision)


def _sentence(line: TraceLine, decision: Decision) -> str:
    """One line of the trace as a sentence."""
    told = "; ".join(line.evidence)
    most = f"at most {line.caps}" if line.caps is not None and line.caps is not Mode.LEAVE else "nothing is done"
    if line.layer == "policy" and line.about and line.about == decision.policy:
        return _of_policy(line, told)
    applies = "applies" if line.truth else f"may apply ({told})"
    sentences: dict[tuple[str, str], str] = {
        ("policy", ""): "No policy applies, and silence means no: nothing is done.",
        ("guardrail", line.about): f"Guardrail `{line.about}` {applies}: {most}.",
        ("clause", line.about): f"Clause `{line.about}` is unknown ({told}): {most}.",
        ("setting", line.about): _of_setting(line, told, most),
        ("exemption", line.about): f"{_upper(line.text)}: nothing is done.",
        ("fact", line.about): f"{told or line.text}: {most}.",
    }
    answer = {True: "yes", False: "no", None: "unknown"}[line.truth]
    otherwise = f"{_upper(line.text)}: {answer}{f' ({told})' if told else ''}; {line.effect}."
    return sentences.get((line.layer, line.about), otherwise)


def _of_setting(line: TraceLine, told: str, most: str) -> str:
    if line.truth:
        return f"The settings are those of policy `{line.about}`, the first in scope that gives some."
    return f"The settings may be those of policy `{line.about}` ({told}): {most}."


def _of_policy(line: TraceLine, told: str) -> str:
    if line.truth:
        return f"Policy `{line.about}` is the first that applies and decides: {line.caps}."
    return f"Policy `{line.about}` may apply ({told}): at most {line.caps}."


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]

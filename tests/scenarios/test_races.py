"""What must hold when things happen at once: two tabs, fifty presses, two learners, turns that overtake each other."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest
import yaml

from tests.scenarios.runner import ROOT, Api, Talk, load_world

MANY = 50


@pytest.fixture
def api(desk_address: str) -> Api:
    """A desk with the world of one-time payments."""
    api = Api(desk_address)
    load_world(api, "worlds/one_time.yml")
    return api


def at_once(calls: Sequence[Callable[[], Any]], threads: int = 10) -> list[Any]:
    """What each call gave, in their order."""
    with ThreadPoolExecutor(threads) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def sending(talk: Talk, body: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    """A call that sends `body` in the conversation and gives the whole answer."""
    path = f"/api/v1/conversations/{talk.conversation}/messages"
    return lambda: talk.api.call("POST", path, body, talk.token)


def kinds(answer: dict[str, Any]) -> list[str]:
    return [message["answer"]["kind"] for message in answer["messages"] if "answer" in message]


def offered(api: Api, learner: str, button: str = "Refund ") -> tuple[Talk, str]:
    """A conversation with an open offer of a refund, and the id of its button."""
    talk = Talk.open(api, learner, "web")
    talk.send({"text": "refund my course"})
    return talk, talk.find(button)


def test_fifty_presses_of_one_offer_refund_once(api: Api) -> None:
    talk, button = offered(api, "carl")
    answers = at_once([sending(talk, {"client_id": f"press-{n}", "press": button}) for n in range(MANY)])
    assert all("result" in kinds(answer) for answer in answers)
    after = api.learner("carl")
    assert len(after["refunds"]) == 1
    assert len(after["emails"]) == 1
    assert [each["status"] for each in after["payments"]] == ["refunded"]
    assert len([each for each in after["audit"] if each["operation"] == "refund"]) == 1


def test_the_same_press_sent_fifty_times_is_one_turn(api: Api) -> None:
    talk, button = offered(api, "carl")
    body = {"client_id": uuid.uuid4().hex, "press": button}
    answers = at_once([sending(talk, body) for _ in range(MANY)])
    assert all(answer == answers[0] for answer in answers)
    assert len(api.learner("carl")["refunds"]) == 1
    pressed = [message for message in talk.transcript() if message["author"] == "learner"]
    assert len(pressed) == 2, "the wish and one press"


def test_the_same_wish_sent_twenty_times_is_one_turn(api: Api) -> None:
    talk = Talk.open(api, "carl", "web")
    body = {"client_id": uuid.uuid4().hex, "text": "refund my course"}
    answers = at_once([sending(talk, body) for _ in range(20)])
    assert all(answer == answers[0] for answer in answers)
    assert len([message for message in talk.transcript() if message["author"] == "learner"]) == 1


def test_words_and_button_at_the_same_time_refund_once(api: Api) -> None:
    talk, button = offered(api, "carl")
    yes = [sending(talk, {"client_id": f"say-{n}", "text": "yes"}) for n in range(5)]
    press = [sending(talk, {"client_id": f"press-{n}", "press": button}) for n in range(5)]
    at_once([call for pair in zip(yes, press, strict=True) for call in pair])
    after = api.learner("carl")
    assert (len(after["refunds"]), len(after["emails"])) == (1, 1)


def test_yes_and_no_at_the_same_time_do_one_of_the_two(api: Api) -> None:
    talk, button = offered(api, "carl")
    keep = talk.find("Keep")
    at_once([sending(talk, {"client_id": "yes", "press": button}), sending(talk, {"client_id": "no", "press": keep})])
    after = api.learner("carl")
    refunded = after["payments"][0]["status"] == "refunded"
    assert len(after["refunds"]) == len(after["emails"]) == int(refunded)


def test_the_second_of_two_tabs_is_refused_as_refunded_before(api: Api) -> None:
    first, button_of_first = offered(api, "carl")
    second, button_of_second = offered(api, "carl")
    first.send({"press": button_of_first})
    assert [message["answer"]["kind"] for message in first.turn] == ["result"]
    second.send({"press": button_of_second})
    (message,) = second.turn
    assert message["decision"]["outcome"] == "refused"
    assert [reason["code"] for reason in message["decision"]["reasons"]] == ["already_refunded"]
    after = api.learner("carl")
    assert (len(after["refunds"]), len(after["emails"])) == (1, 1)


def test_ten_tabs_pressed_at_once_refund_once(api: Api) -> None:
    offers = [offered(api, "carl") for _ in range(10)]
    answers = at_once([sending(talk, {"client_id": "yes", "press": button}) for talk, button in offers])
    assert sorted(kind for answer in answers for kind in kinds(answer)) == ["decision"] * 9 + ["result"]
    after = api.learner("carl")
    assert (len(after["refunds"]), len(after["emails"])) == (1, 1)
    assert [each["ended"] for each in after["enrollments"]] == [True]


def test_learners_with_the_same_ids_get_their_own_money(api: Api) -> None:
    learners = ["carl", "quinn", "luca", "mia", "vera"]
    offers = at_once([lambda each=each: offered(api, each) for each in learners])
    at_once([sending(talk, {"client_id": "yes", "press": button}) for talk, button in offers])
    for learner, amount in zip(learners, ["89.00", "99.00", "45.00", "89.00", "71.20"], strict=True):
        after = api.learner(learner)
        assert [refund["amount"] for refund in after["refunds"]] == [f"{amount} USD"]
        assert [mail["to"] for mail in after["emails"]] == [f"{learner}@example.org"]
    assert api.learner("nora")["refunds"] == api.learner("gwen")["refunds"] == []


def test_nobody_presses_somebody_elses_button(api: Api) -> None:
    _, button = offered(api, "carl")
    vera = Talk.open(api, "vera", "web")
    body = {"client_id": "theirs", "press": button}
    status, refused = api.try_call("POST", f"/api/v1/conversations/{vera.conversation}/messages", body, vera.token)
    assert status == 404
    assert refused["error"]["message"]
    assert api.learner("carl")["refunds"] == api.learner("vera")["refunds"] == []


def test_nobody_opens_somebody_elses_conversation(api: Api) -> None:
    carl, button = offered(api, "carl")
    vera = Talk.open(api, "vera", "web")
    path = f"/api/v1/conversations/{carl.conversation}/messages"
    for token in (vera.token, "guess", None):
        status, _ = api.try_call("POST", path, {"client_id": "x", "press": button}, token)
        assert status in (401, 404)
        assert api.try_call("GET", f"{path}?after=0", None, token)[0] in (401, 404)
    assert api.learner("carl")["refunds"] == []


def test_turns_sent_at_once_are_answered_one_after_the_other(api: Api) -> None:
    talk = Talk.open(api, "carl", "web")
    texts = [f"how long do refunds take? ({n})" for n in range(12)]
    at_once([sending(talk, {"client_id": text, "text": text}) for text in texts])
    messages = talk.transcript()
    assert [message["seq"] for message in messages] == list(range(1, len(messages) + 1))
    asked = [message["text"] for message in messages if message["author"] == "learner"]
    assert sorted(asked) == sorted(texts)
    # Each is answered before the next is taken: no two of the learner's stand together.
    authors = [message["author"] for message in messages[1:]]
    assert all(pair != ("learner", "learner") for pair in pairwise(authors))
    assert authors[-1] == "bot"


def test_the_yes_is_decided_on_the_world_as_it_is_then(api: Api) -> None:
    """A certificate earned between the offer and the yes: whatever becomes of the offer, nothing is given back."""
    talk, button = offered(api, "carl")
    world = yaml.safe_load((ROOT / "worlds/one_time.yml").read_text("utf-8"))
    carl = next(learner for learner in world["learners"] if learner["id"] == "carl")
    carl["certificates"] = [{"course": "cryptography", "earned_at": "2026-03-10T12:01:00Z"}]
    load_world(api, {"now": "2026-03-10T12:02:00Z", "learners": [carl]})
    talk.send({"press": button})
    assert talk.turn, "the learner is told something"
    assert all(message["answer"]["kind"] != "result" for message in talk.turn)
    talk.send({"text": "yes"})
    after = api.learner("carl")
    assert (after["refunds"], after["emails"]) == ([], [])
    assert after["payments"][0]["status"] == "completed"
    talk.send({"text": "refund my course"})
    decisions = [message["decision"] for message in talk.turn if "decision" in message]
    assert [reason["code"] for reason in decisions[0]["reasons"]] == ["certificate_already_earned"]


def test_ten_tabs_asking_for_plus_at_once_open_one_case(api: Api) -> None:
    load_world(api, "worlds/charges.yml")
    offers = [offered(api, "paula", "59") for _ in range(10)]
    at_once([sending(talk, {"client_id": "yes", "press": button}) for talk, button in offers])
    after = api.learner("paula")
    assert [case["about"] for case in after["cases"]] == ["pay-1"]
    assert after["refunds"] == []


def test_a_yes_and_a_person_who_takes_over_at_the_same_time(api: Api) -> None:
    """Whoever is first: the refund is done once and told, or not done."""
    talk, button = offered(api, "carl")
    wish = sending(talk, {"client_id": "person", "text": "i want to talk to a person"})
    yes = sending(talk, {"client_id": "yes", "press": button})
    at_once([wish, yes])
    done = [message for message in talk.transcript() if message.get("answer", {}).get("kind") == "result"]
    assert len(api.learner("carl")["refunds"]) == len(done) == 1

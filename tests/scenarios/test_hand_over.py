"""A person takes the conversation, writes in it and gives it back; the assistant is silent meanwhile."""

from __future__ import annotations

import pytest

from tests.scenarios.runner import Api, Talk, load_world
from tests.scenarios.staff import Staff


@pytest.fixture
def carl(desk_address: str) -> Talk:
    """Carl, who paid for one course nine days ago, at the beginning of a conversation."""
    api = Api(desk_address)
    load_world(api, "worlds/one_time.yml")
    return Talk.open(api, "carl", "web")


def said(talk: Talk) -> list[tuple[str, str]]:
    """Author and text of everything so far."""
    messages = talk.transcript()
    return [(message["author"], message["text"]) for message in messages]


def test_a_person_claims_writes_and_gives_back(carl: Talk, dana: Staff) -> None:
    carl.send({"text": "i want to talk to a person"})
    assert carl.state == "queued"

    status, owner = dana.claim(carl.conversation)
    assert (status, owner["state"], owner["agent"]["name"]) == (200, "agent", "Dana Scott")
    status, _ = dana.write(carl.conversation, "Hello Carl, what can I do for you?")
    assert status == 200
    carl.send({"text": "i want a refund for my course"})
    assert (carl.state, carl.turn) == ("agent", [])
    assert ("agent", "Hello Carl, what can I do for you?") in said(carl)

    status, owner = dana.release(carl.conversation)
    assert (status, owner["state"]) == (200, "bot")
    carl.send({"text": "how long do refunds take?"})
    assert carl.state == "bot"
    assert "7 days" in carl.turn[0]["text"]


def test_two_of_the_staff_cannot_both_have_it(carl: Talk, dana: Staff, eli: Staff) -> None:
    carl.send({"text": "agent please"})
    assert dana.claim(carl.conversation)[0] == 200
    status, refused = eli.claim(carl.conversation)
    assert status == 409
    assert "Dana Scott" in refused["error"]["message"]
    assert eli.write(carl.conversation, "Hi, I am here, too.")[0] == 403
    assert dana.claim(carl.conversation)[0] == 200, "claiming what is one's own changes nothing"


def test_the_same_message_of_staff_sent_twice_is_written_once(carl: Talk, dana: Staff) -> None:
    carl.send({"text": "agent please"})
    dana.claim(carl.conversation)
    for _ in range(3):
        assert dana.write(carl.conversation, "One moment, please.", client_id="m-1")[0] == 200
    assert [text for author, text in said(carl) if author == "agent"] == ["One moment, please."]


def test_staff_cannot_write_without_claiming(carl: Talk, dana: Staff) -> None:
    carl.send({"text": "agent please"})
    assert dana.write(carl.conversation, "Hello?")[0] == 403
    assert not [text for author, text in said(carl) if author == "agent"]


def test_whoever_takes_over_sees_what_was_asked_and_decided(carl: Talk, dana: Staff) -> None:
    carl.send({"text": "refund my course"})
    carl.send({"text": "no, i'd like to talk to a human"})
    shown = dana.show(carl.conversation)
    assert shown["state"] == "queued"
    assert [decision["operation"] for decision in shown["decisions"]] == ["refund"]
    assert shown["learner"]["id"] == "carl"
    assert "refund my course" in shown["summary"]["asked"]
    queued = dana.ask("GET", "/conversations?state=queued")[1]["conversations"]
    assert carl.conversation in [line["id"] for line in queued]


def test_distress_goes_before_the_others_in_the_queue(desk_address: str, dana: Staff) -> None:
    api = Api(desk_address)
    load_world(api, "worlds/one_time.yml")
    patient, urgent = Talk.open(api, "carl", "web"), Talk.open(api, None, "web")
    patient.send({"text": "i want to talk to a person"})
    urgent.send({"text": "i want to kill myself"})
    assert (patient.state, urgent.state) == ("queued", "queued")
    queued = dana.ask("GET", "/conversations?state=queued")[1]["conversations"]
    order = [line["id"] for line in queued]
    assert order.index(urgent.conversation) < order.index(patient.conversation)
    assert next(line for line in queued if line["id"] == urgent.conversation)["urgent"]


def test_a_closed_conversation_opens_again_when_the_learner_writes(carl: Talk, dana: Staff) -> None:
    carl.send({"text": "agent please"})
    dana.claim(carl.conversation)
    status, owner = dana.ask("POST", f"/conversations/{carl.conversation}/close", {})
    assert (status, owner["state"]) == (200, "closed")
    carl.send({"text": "how long do refunds take?"})
    assert carl.state == "bot"
    assert "7 days" in carl.turn[0]["text"]


def test_an_offer_survives_the_person_and_needs_its_own_yes(carl: Talk, dana: Staff) -> None:
    carl.send({"text": "refund my course"})
    button = carl.find("Refund .*89")
    carl.send({"text": "i'd rather talk to a person"})
    dana.claim(carl.conversation)
    carl.send({"text": "yes"})
    assert carl.api.learner("carl")["refunds"] == []
    dana.release(carl.conversation)
    carl.send({"text": "yes"})
    assert carl.api.learner("carl")["refunds"] == [], "the question was not the last thing the desk asked"
    carl.send({"press": button})
    assert len(carl.api.learner("carl")["refunds"]) == 1


def test_the_learner_leaves_the_queue_and_the_claim_comes_too_late(carl: Talk, dana: Staff) -> None:
    carl.send({"text": "i want to talk to a person"})
    carl.send({"press": carl.find("assistant")})
    assert carl.state == "bot"
    queued = dana.ask("GET", "/conversations?state=queued")[1]["conversations"]
    assert carl.conversation not in [line["id"] for line in queued]


def test_transferring_puts_it_back_into_the_queue(carl: Talk, dana: Staff, eli: Staff) -> None:
    carl.send({"text": "agent please"})
    dana.claim(carl.conversation)
    status, owner = dana.ask("POST", f"/conversations/{carl.conversation}/transfer", {})
    assert (status, owner["state"]) == (200, "queued")
    assert eli.claim(carl.conversation)[1]["agent"]["name"] == "Eli Brook"
    carl.send({"text": "hello?"})
    assert (carl.state, carl.turn) == ("agent", [])


def test_a_yes_after_a_person_is_no_yes_to_the_old_offer(carl: Talk, dana: Staff) -> None:
    carl.send({"text": "refund my course"})
    assert dana.claim(carl.conversation)[0] == 200, "staff may take a conversation that nobody handed over"
    dana.write(carl.conversation, "Shall I look at your other course?")
    carl.send({"text": "yes"})
    dana.release(carl.conversation)
    carl.send({"text": "yes"})
    assert carl.api.learner("carl")["refunds"] == []


def test_a_yes_that_reopens_a_conversation_is_no_yes_to_the_old_offer(carl: Talk, dana: Staff) -> None:
    carl.send({"text": "refund my course"})
    dana.claim(carl.conversation)
    dana.write(carl.conversation, "I have written to you by e-mail. May I close this?")
    assert dana.ask("POST", f"/conversations/{carl.conversation}/close", {})[0] == 200
    carl.send({"text": "yes"})
    assert carl.state == "bot"
    assert carl.api.learner("carl")["refunds"] == []

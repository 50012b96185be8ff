"""The client and the stub over real HTTP and TLS: answers, faults, and what the client does not put up with."""

import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from hub import config
from hub.config import Settings
from hub.errors import Invalid, SettingsError
from hub.insi import retrieval
from hub.insi.soap import open_teleservice
from hub.insi.stub import Stub, answer_to, read_people, write_answer
from hub.insi.teleservice import Answer, AnswerCode, Failure, Teleservice
from identity.traits import Sex, Traits
from tests.identity.factories import make_ins, make_traits
from tests.live import make_variables

PEOPLE = Path(__file__).parents[3] / "data" / "demonstration" / "insi.csv"
ANGE = make_traits(birth_name="D ORNANO", given="ANGE-TOUSSAINT", born="1985-05-12", sex=Sex.MALE, place="99999")


@pytest.fixture(scope="module")
def stub() -> Iterator[Stub]:
    running = Stub(read_people(PEOPLE)).start()
    yield running
    running.stop()


def settings_of(tmp_path: Path, url: str, **more: str) -> Settings:
    return config.from_mapping(make_variables(f"sqlite:///{tmp_path}/x", tmp_path) | {"HUB_INSI_URL": url} | more)


@pytest.fixture
def client(stub: Stub, tmp_path: Path) -> Teleservice:
    found = open_teleservice(settings_of(tmp_path, stub.url, HUB_INSI_SECONDS="1"))
    assert found is not None
    return found


def test_no_address_is_no_teleservice(tmp_path: Path) -> None:
    assert open_teleservice(settings_of(tmp_path, "")) is None


def test_a_person_is_found_whatever_the_writing(client: Teleservice) -> None:
    answer = retrieval.retrieve(client, ANGE)

    assert answer.code is AnswerCode.FOUND
    assert answer.reported is not None
    assert answer.reported.ins == make_ins("185052A004994")
    assert answer.reported.traits.birth_name == "D'ORNANO"
    assert answer.reported.traits.birth_place == "2A004"


def paul(given: str, place: str | None = None) -> Traits:
    return make_traits(birth_name="MARTIN", given=given, born="1972-03-02", sex=Sex.MALE, place=place)


@pytest.mark.parametrize(
    ("traits", "code", "questions"),
    [
        (paul("JEAN"), AnswerCode.NOBODY, 1),
        (paul("PAUL"), AnswerCode.SEVERAL, 1),
        (paul("PAUL JEAN"), AnswerCode.FOUND, 2),
        (paul("PAUL LOUIS"), AnswerCode.SEVERAL, 2),
        (paul("PAUL LOUIS", "38185"), AnswerCode.FOUND, 3),
        (paul("PAUL LOUIS", "69381"), AnswerCode.NOBODY, 3),
        (paul("PAUL", "69123"), AnswerCode.SEVERAL, 2),
    ],
)
def test_among_several_more_is_said_and_nobody_is_chosen(
    client: Teleservice, stub: Stub, traits: Traits, code: AnswerCode, questions: int
) -> None:
    before = stub.asked

    answer = retrieval.retrieve(client, traits)

    assert (answer.code, stub.asked - before) == (code, questions)
    assert (answer.reported is not None) == (code is AnswerCode.FOUND)


@pytest.mark.parametrize(
    ("given", "day", "failure"),
    [
        ("FAUTE", 1, Failure.FAULT),
        ("ERREUR", 2, Failure.HTTP_STATUS),
        ("LENTE", 3, Failure.SLOW),
        ("BROUILLEE", 4, Failure.GARBLED),
        ("ENTITE", 5, Failure.GARBLED),
        ("LONGUE", 6, Failure.TOO_LONG),
        ("AILLEURS", 7, Failure.HTTP_STATUS),
        ("CLE", 8, Failure.INS_FORM),
        ("AUTORITE", 9, Failure.INS_OID),
    ],
)
def test_every_failure_is_a_value(client: Teleservice, given: str, day: int, failure: Failure) -> None:
    traits = make_traits(birth_name="PANNE", given=given, born=f"1980-01-0{day}", place=None)

    assert retrieval.retrieve(client, traits) == Answer(None, None, failure)


def test_a_number_is_confirmed_or_not(client: Teleservice) -> None:
    karim = make_traits(birth_name="BENALI", given="KARIM", born="1990-07-21", sex=Sex.MALE, place="99352")

    present = retrieval.verify(client, make_ins("1900799352996"), karim)
    past = retrieval.verify(client, make_ins("7900799352997"), karim)
    wrong = retrieval.verify(client, make_ins("185052A004994"), karim)

    assert present.reported == past.reported
    assert past.reported is not None
    assert (past.reported.ins, past.reported.former) == (make_ins("1900799352996"), (make_ins("7900799352997"),))
    assert wrong == Answer(AnswerCode.NOBODY)


def test_nobody_at_the_address_is_a_failure(tmp_path: Path) -> None:
    gone = Stub([]).start()
    gone.stop()
    client = open_teleservice(settings_of(tmp_path, gone.url))

    assert client is not None
    assert retrieval.retrieve(client, ANGE).failure is Failure.UNREACHABLE


def test_an_answer_that_trickles_in_is_cut_short(tmp_path: Path) -> None:
    ended = threading.Event()

    class Trickle(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            try:
                while not ended.wait(0.05):
                    self.wfile.write(b"<")
                    self.wfile.flush()
            except OSError:
                return

        def log_message(self, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Trickle)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}/"
        client = open_teleservice(settings_of(tmp_path, url, HUB_INSI_SECONDS="0.4"))
        assert client is not None
        assert retrieval.retrieve(client, ANGE).failure is Failure.SLOW
    finally:
        ended.set()
        server.shutdown()
        server.server_close()
        thread.join()


def test_both_sides_show_a_certificate(tmp_path: Path) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    ours, server_side = authority.issue_cert("hub.test.example"), authority.issue_cert("127.0.0.1")
    ours.private_key_pem.write_to_path(tmp_path / "key.pem")
    ours.cert_chain_pems[0].write_to_path(tmp_path / "certificate.pem")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    stranger.cert_pem.write_to_path(tmp_path / "stranger.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_side.configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    people = read_people(PEOPLE)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = write_answer(*answer_to(self.rfile.read(int(self.headers["Content-Length"])), people))
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda request, address: None  # type: ignore[method-assign]
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"https://127.0.0.1:{server.server_address[1]}/"
    own = {"HUB_INSI_CERTIFICATE": f"{tmp_path}/certificate.pem", "HUB_INSI_KEY": f"{tmp_path}/key.pem"}
    trusted = {"HUB_INSI_CA_FILE": f"{tmp_path}/ca.pem"}
    try:
        answers = []
        for more in (own | trusted, trusted, own | {"HUB_INSI_CA_FILE": f"{tmp_path}/stranger.pem"}):
            client = open_teleservice(settings_of(tmp_path, url, **more))
            assert client is not None
            answers.append(retrieval.retrieve(client, ANGE))
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

    assert [answer.failure for answer in answers] == [None, Failure.UNREACHABLE, Failure.UNREACHABLE]


def test_a_certificate_that_is_none_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "certificate.pem").write_text("pas du PEM", encoding="ascii")

    with pytest.raises(SettingsError, match="HUB_INSI_CERTIFICATE"):
        open_teleservice(
            settings_of(tmp_path, "http://127.0.0.1:1/", HUB_INSI_CERTIFICATE=f"{tmp_path}/certificate.pem")
        )


@pytest.mark.parametrize("url", ["ftp://insi.example", "insi.example", "http://user:secret@insi.example/"])
def test_an_address_that_is_none_stops_the_start(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match="HUB_INSI_URL"):
        settings_of(tmp_path, url)


def test_production_wants_tls_a_certificate_and_a_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as told:
        settings_of(tmp_path, "http://insi.example/", HUB_ENV="production", HUB_SMS_URL="https://sms.example")

    assert "HUB_INSI_URL est refusé" in str(told.value)
    assert "HUB_INSI_EMITTER" in str(told.value)


def test_the_stub_knows_invented_people_only(tmp_path: Path) -> None:
    real = PEOPLE.read_text(encoding="utf-8").replace("1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.8")
    (tmp_path / "real.csv").write_text(real, encoding="utf-8")

    with pytest.raises(Invalid, match="INS de test"):
        read_people(tmp_path / "real.csv")


def test_the_stub_answers_a_fault_to_what_it_does_not_understand(stub: Stub) -> None:
    status, content, said = stub.reply(b"<a/>")

    assert (status, said) == (400, "fault")
    assert b"Fault" in content


def test_the_people_of_the_demonstration_are_complete() -> None:
    people = read_people(PEOPLE)

    assert len({person.ins for person in people}) == len(people)
    assert {person.behaviour for person in people} > {None}
    assert replace(people[0], behaviour=None) == people[0]

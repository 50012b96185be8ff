"""A teleservice that stands for INSi in tests and demonstrations: SOAP over real HTTP, about invented people.

It answers 00, 01 and 02 from a CSV file of people (columns in `COLUMNS`; `former` holds former matricules, separated
by spaces). The column `behaviour` makes it misbehave about somebody, so that every failure can be played. It refuses
the authorities of real INS, and does not exist in production.
"""

import csv
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from hub.errors import Invalid
from hub.insi import envelope
from hub.insi.envelope import RESULT, SEARCH, SOAP, VERIFICATION, UnreadableError
from hub.insi.teleservice import AnswerCode
from identity.ins import TEST_OIDS, Ins, InsError, parse_ins
from identity.normalise import match_key

COLUMNS = ("matricule", "oid", "birth_name", "given_names", "birth_date", "sex", "birth_place", "former", "behaviour")
_MOST_BYTES = 100_000
_LABELS = {AnswerCode.FOUND: "OK", AnswerCode.NOBODY: "Aucune identite trouvee", AnswerCode.SEVERAL: "Plusieurs"}


class Behaviour(StrEnum):
    """How the stub misbehaves about somebody."""

    FAULT = "fault"
    ERROR = "error"
    SLOW = "slow"
    GARBLED = "garbled"
    ENTITY = "entity"
    LONG = "long"
    REDIRECT = "redirect"
    WRONG_KEY = "wrong-key"
    WRONG_OID = "wrong-oid"


@dataclass(frozen=True, slots=True)
class Someone:
    """An invented person, as the stub knows them."""

    ins: Ins
    birth_name: str
    given_names: tuple[str, ...]
    birth_date: str
    sex: str
    birth_place: str
    former: tuple[Ins, ...] = ()
    behaviour: Behaviour | None = None


def read_people(path: Path) -> list[Someone]:
    """Read the people of a CSV file; raise `Invalid` on a line that is wrong, or whose INS could be real."""
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        if not set(COLUMNS) <= set(reader.fieldnames or ()):
            raise Invalid(f"Le fichier des personnes a besoin des colonnes : {', '.join(COLUMNS)}.")
        return [_someone(line, reader.line_num) for line in reader]


def _someone(line: dict[str, str], number: int) -> Someone:
    try:
        ins = parse_ins(line["matricule"], line["oid"])
        former = tuple(parse_ins(text, line["oid"]) for text in line["former"].split())
        behaviour = Behaviour(line["behaviour"]) if line["behaviour"] else None
    except (InsError, ValueError) as err:
        raise Invalid(f"Ligne {number} du fichier des personnes : matricule, OID ou comportement inconnu.") from err
    if ins.oid not in TEST_OIDS:
        raise Invalid(f"Ligne {number} du fichier des personnes : seules les INS de test sont admises ici.")
    return Someone(
        ins=ins,
        birth_name=line["birth_name"],
        given_names=tuple(line["given_names"].split()),
        birth_date=line["birth_date"],
        sex=line["sex"],
        birth_place=line["birth_place"],
        former=former,
        behaviour=behaviour,
    )


def answer_to(content: bytes, people: Sequence[Someone]) -> tuple[AnswerCode, Someone | None]:
    """Return who a question is about; raise `UnreadableError` when it is none that INSi knows."""
    body = envelope.open_body(content)
    search = body.find(f"{{{SEARCH}}}RECSANSVITALE")
    if search is not None:
        return _one_of([person for person in people if _matches(person, search, SEARCH)])
    asked = body.find(f"{{{VERIFICATION}}}REQUETE/{{{VERIFICATION}}}IndividuVerifie")
    given = None if asked is None else asked.find(f"{{{VERIFICATION}}}INSFourni")
    traits = None if asked is None else asked.find(f"{{{VERIFICATION}}}TraitsIdentiteIndividu")
    if given is None or traits is None:
        raise UnreadableError
    ins = envelope.read_ins(given, VERIFICATION)
    # The number decides, present or former, as long as the person was born that day.
    return _one_of(
        [
            person
            for person in people
            if ins in (person.ins, *person.former)
            and person.birth_date == traits.findtext(f"{{{VERIFICATION}}}DateNaissance")
        ]
    )


def _one_of(found: list[Someone]) -> tuple[AnswerCode, Someone | None]:
    if len(found) == 1:
        return AnswerCode.FOUND, found[0]
    return (AnswerCode.SEVERAL if found else AnswerCode.NOBODY), None


def _matches(person: Someone, search: Element, namespace: str) -> bool:
    def texts(name: str) -> list[str]:
        return [child.text or "" for child in search.findall(f"{{{namespace}}}{name}")]

    asked, known = [match_key(name) for name in texts("Prenom")], [match_key(name) for name in person.given_names]
    place = texts("LieuNaissance")
    return (
        [match_key(name) for name in texts("NomNaissance")] == [match_key(person.birth_name)]
        and bool(asked)
        and asked == known[: len(asked)]
        and texts("Sexe") == [person.sex]
        and texts("DateNaissance") == [person.birth_date]
        and place in ([], [person.birth_place])
    )


def write_answer(code: AnswerCode, person: Someone | None) -> bytes:
    """Write the answer about somebody, or about nobody."""
    message = Element(f"{{{SOAP}}}Envelope")
    result = SubElement(SubElement(message, f"{{{SOAP}}}Body"), f"{{{RESULT}}}RESULTAT")
    report = SubElement(result, f"{{{RESULT}}}CR")
    _add(report, "CodeCR", code.value)
    _add(report, "LibelleCR", _LABELS[code])
    if person is not None:
        _write_person(SubElement(result, f"{{{RESULT}}}INDIVIDU"), person)
    return ElementTree.tostring(message, encoding="utf-8", xml_declaration=True)


def _write_person(parent: Element, person: Someone) -> None:
    envelope.write_ins(SubElement(parent, f"{{{RESULT}}}INSACTIF"), RESULT, person.ins)
    for former in person.former:
        envelope.write_ins(SubElement(parent, f"{{{RESULT}}}INSHISTO"), RESULT, former)
    traits = SubElement(parent, f"{{{RESULT}}}TIQ")
    _add(traits, "NomNaissance", person.birth_name)
    _add(traits, "ListePrenom", " ".join(person.given_names))
    _add(traits, "Sexe", person.sex)
    _add(traits, "DateNaissance", person.birth_date)
    _add(traits, "LieuNaissance", person.birth_place)


def _add(parent: Element, name: str, text: str) -> None:
    SubElement(parent, f"{{{RESULT}}}{name}").text = text


_FAULT = (
    f'<s:Envelope xmlns:s="{SOAP}"><s:Body><s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code>'
    "<s:Reason><s:Text>Service indisponible</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>"
).encode()
_ENTITY = (
    b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY name SYSTEM "file:///etc/hostname">]>'
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>&name;</s:Body></s:Envelope>'
)


def _misbehave(behaviour: Behaviour, person: Someone, ended: threading.Event) -> tuple[int, bytes]:
    """Return the status and the bytes of a wrong answer."""
    if behaviour is Behaviour.SLOW:
        # As long as a server that has stopped thinking; the end of the stub ends it.
        ended.wait(60)
    right = write_answer(AnswerCode.FOUND, person)
    wrong: dict[Behaviour, tuple[int, bytes]] = {
        Behaviour.FAULT: (500, _FAULT),
        Behaviour.ERROR: (503, b"indisponible"),
        Behaviour.SLOW: (200, right),
        Behaviour.GARBLED: (200, right[: len(right) // 2]),
        Behaviour.ENTITY: (200, _ENTITY),
        Behaviour.LONG: (200, right + b"<!--" + b"x" * 2_000_000 + b"-->"),
        Behaviour.REDIRECT: (302, b""),
        Behaviour.WRONG_KEY: (200, right.replace(b"Cle>" + person.ins.matricule[13:].encode(), b"Cle>00")),
        Behaviour.WRONG_OID: (200, right.replace(person.ins.oid.value.encode(), b"1.2.250.1.213.1.4.8")),
    }
    return wrong[behaviour]


class Stub:
    """The stub at work on one port of the loopback. `people` may be changed while it runs."""

    def __init__(
        self, people: Sequence[Someone], port: int = 0, tell: Callable[[str], None] = lambda line: None
    ) -> None:
        self.people = list(people)
        self.asked = 0
        self._ended = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler(tell))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="insi-stub", daemon=True)

    @property
    def url(self) -> str:
        """Its address, for HUB_INSI_URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/lps"

    def start(self) -> "Stub":
        """Begin to answer."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """End, slow answers included."""
        self._ended.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def wait(self) -> None:
        """Answer until the process is interrupted."""
        while self._thread.is_alive():
            time.sleep(0.5)

    def _handler(self, tell: Callable[[str], None]) -> type[BaseHTTPRequestHandler]:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                stub.asked += 1
                length = min(int(self.headers.get("Content-Length") or 0), _MOST_BYTES)
                status, content, said = stub.reply(self.rfile.read(length))
                tell(said)
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", f"{envelope.CONTENT_TYPE}; charset=utf-8")
                    self.send_header("Content-Length", str(len(content)))
                    if status == 302:
                        self.send_header("Location", stub.url)
                    self.end_headers()
                    self.wfile.write(content)
                except OSError:
                    # Whoever asked has lost patience.
                    self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
                return

        return Handler

    def reply(self, content: bytes) -> tuple[int, bytes, str]:
        """Return the status, the bytes, and what may be said of it: a code or a behaviour, nobody's traits."""
        try:
            code, person = answer_to(content, self.people)
        except (UnreadableError, InsError):
            return 400, _FAULT, "fault"
        if person is not None and person.behaviour is not None:
            return *_misbehave(person.behaviour, person, self._ended), person.behaviour.value
        return 200, write_answer(code, person), code.value

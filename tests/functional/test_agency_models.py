"""Linkage models on the officers' pages: explained, proposed, tried, approved by a second officer, taken back."""

import hashlib
import html
import io
import json
import re
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hub import db
from hub.accounts import staff
from hub.accounts.sessions import Space
from hub.audit.tables import AuditEvent
from hub.audit.trail import SYSTEM
from hub.linkage import figures, models
from hub.linkage.models import KnownModel, Proposal
from hub.linkage.tables import LinkageModel
from hub.registry.tables import LinkageDecision
from identity.model import FORMAT
from tests.factories import log_in, make_staff, make_structure, parts_of, token_of
from tests.functional.agency_pages import hidden, new_officer, next_code, send_form
from tests.hub.registry.people import PAUL, at_once, doubtful_pair, incoming, rows, send
from tests.hub.test_model_activation import SHIPPED, make_figures, make_text

LIST, PROPOSE = "/agence/modeles", "/agence/modeles/proposer"
REASON = "Mesuré sur trois régions"
STRICT = {"link": 60, "review": 50, "margin": 4}


@pytest.fixture
def officer(app: Flask) -> FlaskClient:
    """A browser in which an officer is logged in."""
    return new_officer(app)


def propose(app: Flask, text: str | None = None, measured: str | None = None) -> KnownModel:
    """Have an officer of another browser propose a model."""
    author = make_staff(app, None, "Bruno Aubert")
    with app.app_context(), db.transaction() as session:
        member = staff.by_id(session, author.id)
        proposal = Proposal(text or make_text(), REASON, measured)
        return models.propose(session, proposal, SHIPPED, member, parts_of(app).trail, SYSTEM)


def path_of(model: KnownModel, act: str = "") -> str:
    return f"{LIST}/{model.id}{act and '/'}{act}"


def approve(client: FlaskClient, model: KnownModel, page: str | None = None) -> TestResponse:
    page = page or client.get(path_of(model)).text
    return send_form(client, path_of(model, "approuver"), page, seen=hidden(page, "seen"), lu="oui")


def activated(app: Flask, officer: FlaskClient, version: str = "2027-1") -> KnownModel:
    """Have a model proposed by one officer and approved by another."""
    model = propose(app, make_text(version))
    assert approve(officer, model).status_code == 302
    return model


def upload(
    client: FlaskClient, content: bytes | str, reason: str = REASON, measured: str | None = None
) -> TestResponse:
    raw = content.encode() if isinstance(content, str) else content
    form: dict[str, Any] = {
        "csrf_token": token_of(client.get(PROPOSE).text),
        "reason": reason,
        "model": (io.BytesIO(raw), "model.json"),
    }
    if measured is not None:
        form["figures"] = (io.BytesIO(measured.encode()), "figures.json")
    answer = client.post(PROPOSE, data=form)
    # The test's client leaves the body of a large form open, in a file.
    answer.request.environ["wsgi.input"].close()
    return answer


def said(answer: TestResponse) -> str:
    """Return what a page says, without its tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def deciding(app: Flask) -> str:
    with app.app_context():
        return parts_of(app).registrar.model.version


def test_without_any_proposal_the_page_tells_which_model_decides_and_how_one_is_proposed(
    app: Flask, officer: FlaskClient
) -> None:
    page = said(officer.get(LIST))

    assert f"Version {SHIPPED}" in page
    assert "fourni avec le hub (HUB_LINKAGE_MODEL)" in page
    assert "hub model train" in page
    assert "Aucun modèle n'attend." in page
    assert "à approuver" not in page


def test_the_shipped_model_is_explained_weight_by_weight(app: Flask, officer: FlaskClient) -> None:
    answer = officer.get(f"{LIST}/fourni")
    model = parts_of(app).model.shipped
    page = said(answer)

    assert answer.status_code == 200
    assert f"Nom de naissance identique +{model.levels['surname']['exact']:.2f}".replace(".", ",") in page
    assert answer.text.count('class="bar"') == sum(map(len, model.levels.values())) + 15
    assert f"+{model.thresholds.link:.2f} bits, soit une probabilité de".replace(".", ",") in page
    assert f"né en {model.minor_from} ou après" in page
    assert "Ce qui change par rapport" not in page
    assert "Retirer ce modèle" not in page


def test_a_model_is_proposed_with_its_figures_and_waits(app: Flask, officer: FlaskClient) -> None:
    answer = upload(officer, make_text(), "Noms\r\nrares", make_figures(make_text()))
    (row,) = rows(app, LinkageModel)
    page = said(officer.get(answer.location))
    listed = said(officer.get(LIST))

    assert answer.status_code == 302
    assert row.sha256 == hashlib.sha256(make_text().encode()).hexdigest()
    assert (row.text, row.reason, row.activated_at) == (make_text(), "Noms\nrares", None)
    assert "Attend un second officier" in page
    assert "Liens faux 3 sur 12 345 (au plus 1 sur 1 000, avec 95 % de confiance)" in page
    assert "Vraies paires rapprochées 98,71 %" in page
    assert "Vous avez proposé ce modèle : un autre officier doit l'approuver." in page
    assert "Mettre ce modèle en vigueur" not in page
    assert "liens faux : 3 sur 12 345" in listed
    assert "Modèle 1 à approuver" in listed
    assert deciding(app) == SHIPPED


def test_a_file_with_the_line_ends_of_windows_is_the_same_model(app: Flask, officer: FlaskClient) -> None:
    text = json.dumps(json.loads(make_text()), indent=1)

    assert upload(officer, text.replace("\n", "\r\n"), measured=make_figures(text)).status_code == 302
    assert rows(app, LinkageModel)[0].text == text


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (b"", 422, "ce n'est pas du JSON"),
        (b"\x89PNG\r\n\xff", 422, "n'est pas un texte en UTF-8"),
        ("[" * 100_000, 422, "ce n'est pas du JSON"),
        ("1" * 5000, 422, "ce n'est pas du JSON"),
        ("[]", 422, "ce fichier n'est pas un modèle"),
        ('{"resourceType": "Patient"}', 422, "ce fichier n'est pas un modèle"),
        (make_text(format=FORMAT - 1), 422, f"cette version du hub lit le format {FORMAT}"),
        (make_text(levels={}), 422, "il est incomplet ou se contredit"),
        (make_text(prior=10**400), 422, "il est incomplet ou se contredit"),
        (make_text(how_made="\ud800"), 422, "signes qui ne s"),
        (make_text(prior=2e306), 422, "trop grand"),
        (make_text(made="x" * 6000), 422, "fabrication"),
        (make_text("v" * 41), 422, "sa version dépasse 40 caractères"),
        (make_text(SHIPPED), 409, "est déjà connue"),
        ("{}" + " " * models.MOST_BYTES, 422, "trop grand : 20 Mo au plus"),
    ],
    ids=[
        "empty", "binary", "nested", "long number", "list", "other JSON", "other format", "incomplete",
        "too large number", "half a character", "out of measure", "long words", "long version", "known", "too large",
    ],
)  # fmt: skip
def test_a_file_that_is_no_usable_model_is_refused_and_nothing_is_kept(
    app: Flask, officer: FlaskClient, content: bytes | str, status: int, words: str
) -> None:
    answer = upload(officer, content)

    assert answer.status_code == status
    assert words in said(answer)
    assert REASON in answer.text
    assert 'aria-describedby="model-aide model-erreur" aria-invalid="true"' in answer.text
    assert rows(app, LinkageModel) == []
    assert rows(app, AuditEvent, AuditEvent.action == "model.propose") == []


@pytest.mark.parametrize(
    ("measured", "words"),
    [
        ("x", "Les chiffres ne sont pas du JSON"),
        ("{}", "Ces chiffres sont ceux d'un autre modèle"),
        (make_figures(make_text("2027-2")), "Ces chiffres sont ceux d'un autre modèle"),
        (make_figures(make_text()).replace('"recall": 0.9871', '"recall": NaN'), "Les chiffres ne sont pas du JSON"),
        (
            make_figures(make_text()).replace('"recall": 0.9871', '"recall": 1e999'),
            "Les chiffres ne sont pas du JSON",
        ),
        (make_figures(make_text()).replace('"recall": 0.9871', '"recall": 98.7'), "Les chiffres sont incomplets"),
        (make_figures(make_text()).replace("region.csv", "\\u0000"), "Les chiffres ne se lisent pas"),
        (make_figures(make_text()).replace("region.csv", "\\ud800"), "Les chiffres ne sont pas du JSON"),
        (" " * (figures.MOST_BYTES + 1), "trop grand : 5 Mo au plus"),
    ],
    ids=["not JSON", "empty", "other", "not a number", "infinite", "percent", "nul", "half a character", "too large"],
)
def test_figures_that_are_not_this_models_are_refused_with_it(
    app: Flask, officer: FlaskClient, measured: str, words: str
) -> None:
    answer = upload(officer, make_text(), measured=measured)

    assert answer.status_code == 422
    assert words in said(answer)
    assert 'id="figures-erreur"' in answer.text
    assert rows(app, LinkageModel) == []


def test_a_proposal_needs_a_file_and_a_reason(app: Flask, officer: FlaskClient) -> None:
    nothing = send_form(officer, PROPOSE, officer.get(PROPOSE).text, reason=REASON)
    unsaid = upload(officer, make_text(), " ")

    assert (nothing.status_code, unsaid.status_code) == (422, 422)
    assert "Choisissez le fichier du modèle" in said(nothing)
    assert "Indiquez le motif" in said(unsaid)
    assert rows(app, LinkageModel) == []


def test_a_detail_says_what_differs_from_the_model_in_force(app: Flask, officer: FlaskClient) -> None:
    levels = json.loads(make_text())["levels"]
    levels["sex"]["different"] = -6.65625
    model = propose(app, make_text(thresholds=STRICT, levels=levels))

    page = said(officer.get(path_of(model)))

    assert f"En vigueur ({SHIPPED})" in page
    assert re.search(r"Rapprochement automatique à partir de \+60,00 bits, soit [^+]* \+\d,\d\d bits, soit", page)
    assert "Retrait quand une règle interdit −2,00 bits le même" in page
    assert "Le constat dont le poids change." in page
    assert re.search(r"Sexe Sexes différents −\d,\d\d −6,66 [+−]\d,\d\d", page)


def test_a_trial_tells_how_many_decisions_change_and_in_which_direction(app: Flask, officer: FlaskClient) -> None:
    pair = doubtful_pair(app)
    send(app, incoming(make_structure(app), "9", PAUL))
    model = propose(app, make_text(thresholds=STRICT))
    before = len(rows(app, LinkageDecision))

    answer = officer.get(path_of(model, "essai"), query_string={"identites": "100"})
    strange = officer.get(path_of(model, "essai"), query_string={"identites": "beaucoup"})

    page = said(answer)
    assert "3 identités de tout l'index décidées de nouveau" in page
    assert "Décisions qui changent 2 sur 3 (66,7 %" in page
    assert "À voir par un officier 0, au lieu de 2" in page
    assert "nouvelle personne, un officier doit comparer nouvelle personne 2" in page
    for item in (pair.left, pair.right):
        assert f"N° {item.identity.id} aujourd'hui dans la personne" in page
        assert f'href="/agence/personnes/{item.identity.person_id}"' in answer.text
    assert "KERVADEC" not in answer.text
    assert strange.status_code == 200
    assert len(rows(app, LinkageDecision)) == before
    (event, _again) = rows(app, AuditEvent, AuditEvent.action == "model.try")
    assert (event.detail["tried"], event.detail["changed"]) == (3, 2)


def test_a_trial_of_an_empty_index_says_so(app: Flask, officer: FlaskClient) -> None:
    model = propose(app)

    assert "L'index n'a encore aucune identité." in said(officer.get(path_of(model, "essai")))


def test_the_model_in_force_is_not_tried_against_itself(officer: FlaskClient) -> None:
    assert officer.get(f"{LIST}/fourni/essai").location == LIST


def test_a_second_officer_approves_after_proving_who_they_are(app: Flask) -> None:
    model = propose(app)
    member = make_staff(app, None, "Hélène Garnier")
    client = app.test_client()
    log_in(client, member, Space.AGENCY)
    page = client.get(path_of(model)).text

    unread = send_form(client, path_of(model, "approuver"), page, seen=hidden(page, "seen"))
    asked = approve(client, model, page)
    kept = {name: hidden(asked.text, name) for name in ("seen", "lu")}
    proof = {"preuve_mot_de_passe": member.password, "preuve_code": next_code(member)}
    done = send_form(client, path_of(model, "approuver"), asked.text, **kept, **proof)

    assert (unread.status_code, asked.status_code, done.status_code) == (422, 403, 302)
    assert "Cochez la case" in said(unread)
    assert "Confirmez que c'est vous" in asked.text
    assert deciding(app) == "2027-1"
    listed = said(client.get(LIST))
    assert "Approuvé par Hélène Garnier" in listed
    assert [event.detail["by"] for event in rows(app, AuditEvent, AuditEvent.action == "model.approve")] == [
        member.id
    ]


def test_whoever_proposed_a_model_cannot_approve_it_but_can_withdraw_it(app: Flask, officer: FlaskClient) -> None:
    model_path = upload(officer, make_text()).location
    page = officer.get(model_path).text

    forged = send_form(officer, f"{model_path}/approuver", page, seen=SHIPPED, lu="oui")
    unsaid = send_form(officer, f"{model_path}/refuser", page, answer=" ")
    done = send_form(officer, f"{model_path}/refuser", page, answer="Fichier trompeur")

    assert (forged.status_code, unsaid.status_code, done.status_code) == (403, 422, 302)
    assert "Un modèle s'approuve à deux" in said(forged)
    assert "Indiquez le motif" in said(unsaid)
    assert deciding(app) == SHIPPED
    listed = said(officer.get(LIST))
    assert "Repris par son auteur" in listed
    assert "Fichier trompeur" in listed


def test_another_officer_refuses_with_a_reason_and_nobody_approves_any_more(app: Flask, officer: FlaskClient) -> None:
    model = propose(app)
    page = officer.get(path_of(model)).text

    refused = send_form(officer, path_of(model, "refuser"), page, answer="Trop de liens faux")
    late = approve(officer, model, page)
    again = send_form(officer, path_of(model, "refuser"), page, answer="Encore")

    assert (refused.status_code, late.status_code, again.status_code) == (302, 409, 409)
    assert "Rien n'a été fait. Le modèle 2027-1 n'attend pas d'approbation : un officier l'a refusé" in said(late)
    assert "Refusé" in said(officer.get(LIST))
    assert deciding(app) == SHIPPED


def test_a_model_is_not_approved_against_another_than_the_one_seen(app: Flask, officer: FlaskClient) -> None:
    first, second = propose(app), propose(app, make_text("2027-2"))
    page = officer.get(path_of(first)).text
    approve(officer, second)

    late = approve(officer, first, page)
    shown_again = approve(officer, first, late.text)

    assert late.status_code == 409
    assert "Le modèle en vigueur n'est plus celui que vous aviez sous les yeux : c'est 2027-2." in said(late)
    assert "En vigueur (2027-2)" in said(late)
    assert shown_again.status_code == 302
    assert deciding(app) == "2027-1"


def test_two_officers_who_approve_at_once_activate_once_and_one_is_told(app: Flask) -> None:
    model = propose(app)
    clients = [new_officer(app), new_officer(app, "Bruno Aubert")]
    pages = [client.get(path_of(model)).text for client in clients]

    answers = at_once(app, lambda: approve(clients[0], model, pages[0]), lambda: approve(clients[1], model, pages[1]))

    assert sorted(answer.status_code for answer in answers) == [302, 409]
    (told,) = [answer for answer in answers if answer.status_code == 409]
    assert "un autre officier l'a approuvé, il est en vigueur" in said(told)
    assert len(rows(app, AuditEvent, AuditEvent.action == "model.approve")) == 1


def test_going_back_needs_a_reason_and_the_proof_and_gives_the_model_before(app: Flask, officer: FlaskClient) -> None:
    activated(app, officer)
    second = activated(app, officer, "2027-2")
    shown = officer.get(path_of(second))
    page = shown.text
    unproven = new_officer(app, proven=False)

    asked = send_form(unproven, path_of(second, "retirer"), unproven.get(path_of(second)).text, comment="Trop")
    unsaid = send_form(officer, path_of(second, "retirer"), page, comment=" ")
    long = send_form(officer, path_of(second, "retirer"), page, comment="x" * 1001)
    done = send_form(officer, path_of(second, "retirer"), page, comment="Trop de tâches")

    assert "2027-1 décidera aussitôt" in said(shown)
    assert [answer.status_code for answer in (asked, unsaid, long, done)] == [403, 422, 422, 302]
    assert "Le modèle 2027-2 est retiré ; 2027-1 décide." in said(officer.get(LIST))
    assert deciding(app) == "2027-1"
    assert "Trop de tâches" in said(officer.get(path_of(second)))


def test_two_officers_who_go_back_at_once_go_back_one_step(app: Flask, officer: FlaskClient) -> None:
    activated(app, officer)
    second = activated(app, officer, "2027-2")
    clients = [officer, new_officer(app, "Bruno Aubert")]
    pages = [client.get(path_of(second)).text for client in clients]

    def back(rank: int) -> TestResponse:
        return send_form(clients[rank], path_of(second, "retirer"), pages[rank], comment="Trop de tâches")

    answers = at_once(app, lambda: back(0), lambda: back(1))

    assert sorted(answer.status_code for answer in answers) == [302, 409]
    assert deciding(app) == "2027-1"


def test_a_model_altered_in_the_base_is_said_and_taken_back_from_its_page(app: Flask, officer: FlaskClient) -> None:
    model = activated(app, officer)
    waiting = propose(app, make_text("2027-2"))
    with app.app_context(), db.transaction() as session:
        session.execute(sa.update(LinkageModel).values(text="{}"))

    listed, page = officer.get(LIST), officer.get(path_of(model))
    other = officer.get(path_of(waiting)).text
    forged = send_form(officer, path_of(waiting, "approuver"), other, seen="2027-1", lu="oui")
    trial = officer.get(path_of(waiting, "essai"))
    back = send_form(officer, path_of(model, "retirer"), page.text, comment="Altéré")

    assert "Ce modèle ne se lit plus" in said(listed)
    assert "revenez au précédent, ci-dessous" in said(page)
    assert "Mettre ce modèle en vigueur" not in other
    assert (forged.status_code, trial.status_code, back.status_code) == (409, 503, 302)
    assert deciding(app) == SHIPPED
    assert officer.get(path_of(waiting, "essai")).status_code == 409


def test_figures_kept_by_an_older_version_do_not_stop_the_page(app: Flask, officer: FlaskClient) -> None:
    model = propose(app)
    with app.app_context(), db.transaction() as session:
        session.execute(sa.update(LinkageModel).values(figures={"figures": {"best_f1": 0.9}}))

    assert "ne se lisent pas" in said(officer.get(path_of(model)))
    assert officer.get(LIST).status_code == 200


def test_pages_of_no_model_and_of_no_officer_are_refused(app: Flask, officer: FlaskClient) -> None:
    page = officer.get(PROPOSE).text
    secretary = app.test_client()
    log_in(secretary, make_staff(app, make_structure(app)), Space.PRACTICE)

    for number in (0, 9, 2**63):
        assert officer.get(f"{LIST}/{number}").status_code == 404
        assert officer.get(f"{LIST}/{number}/essai").status_code == 404
        for act in ("approuver", "refuser", "retirer"):
            assert (
                send_form(officer, f"{LIST}/{number}/{act}", page, lu="oui", answer="x", comment="x").status_code
                == 404
            )
    for path in (LIST, PROPOSE, f"{LIST}/fourni", f"{LIST}/1"):
        for client in (secretary, app.test_client()):
            assert client.get(path).location.startswith("/agence/connexion")


def test_what_officers_read_and_do_is_in_the_trail(app: Flask, officer: FlaskClient) -> None:
    model = activated(app, officer)
    officer.get(LIST)
    officer.get(path_of(replace(model)))

    actions = [event.action for event in rows(app, AuditEvent, AuditEvent.action.like("model.%"))]

    assert actions == ["model.propose", "model.read", "model.approve", "model.list", "model.read"]


def test_the_pages_speak_english_too(app: Flask, officer: FlaskClient) -> None:
    model = propose(app, measured=make_figures(make_text()))
    officer.set_cookie("hub_lang", "en")

    assert "Put this model in force" in said(officer.get(path_of(model)))
    assert "Waits for a second officer" in said(officer.get(LIST))


def test_a_weight_out_of_all_measure_is_shown_and_can_be_refused(app: Flask, officer: FlaskClient) -> None:
    content = json.loads(make_text())
    tiny = {trait: dict.fromkeys(found, 1 / 64) for trait, found in content["levels"].items()}
    together = [{"traits": ["surname", "given"], "bits": {"exact": {"exact": 9999}}}]

    model = propose(app, make_text(levels=tiny, interactions=together))

    assert officer.get(path_of(model)).status_code == 200

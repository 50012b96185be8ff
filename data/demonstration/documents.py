"""Write sample PDF documents about Mme Jeanne MOREL née DURAND, the first person of the story.

    python data/demonstration/documents.py --out DIR

A consultation report with its "Copie patient" line, a prescription, an imaging report and an
invoice, laid out as French practices do. The content is invented; the same code gives the same bytes.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from region import STRUCTURES, Professional, Structure, professionals, written
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle
from story import JEANNE

MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)
BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=10, leading=14, spaceAfter=6)
SMALL = ParagraphStyle("small", parent=BODY, fontSize=8.5, leading=11, textColor=colors.HexColor("#444444"))
RIGHT = ParagraphStyle("right", parent=BODY, alignment=2)
HEAD = ParagraphStyle("head", parent=BODY, fontName="Helvetica-Bold", fontSize=13, leading=16, spaceAfter=2)
TITLE = ParagraphStyle("title", parent=HEAD, alignment=1, spaceBefore=10, spaceAfter=10)
SECTION = ParagraphStyle("section", parent=BODY, fontName="Helvetica-Bold", spaceBefore=6, spaceAfter=2)


@dataclass(frozen=True, slots=True)
class Letter:
    """A document: its file, its title, its author and what it says."""

    file: str
    title: str
    author: Professional
    structure: Structure
    written_on: date
    copy_to_patient: bool
    body: tuple[Flowable, ...]


def day(moment: date) -> str:
    """Write a date as a letter does."""
    return f"{'1er' if moment.day == 1 else moment.day} {MONTHS[moment.month - 1]} {moment.year}"


def paragraphs(text: str) -> tuple[Flowable, ...]:
    """Turn lines into flowables: `# ` opens a section, `---` a page."""
    found: list[Flowable] = []
    for line in text.strip().splitlines():
        line = line.strip()
        if line == "---":
            found.append(PageBreak())
        elif line.startswith("# "):
            found.append(Paragraph(line[2:], SECTION))
        elif line:
            found.append(Paragraph(line, BODY))
    return tuple(found)


def patient_lines() -> str:
    """Identify the patient as RNIV asks: birth name, given names, date, sex, place, INS."""
    born = JEANNE.birth_date.strftime("%d/%m/%Y")
    family, used = written(JEANNE.birth_family), written(JEANNE.used_family)
    given = " ".join(JEANNE.given)
    return (
        f"<b>Mme {JEANNE.given[0]} {used} née {family}</b><br/>"
        f"Nom de naissance : {family} — Prénoms de naissance : {given}<br/>"
        f"Née le {born} à Nevers (58194) — Sexe : F<br/>"
        f"INS : {JEANNE.ins} (NIR) — {JEANNE.address.street}, {JEANNE.address.postcode} {JEANNE.address.city}"
    )


def letterhead(letter: Letter) -> list[Flowable]:
    """Return what stands above the text of every document."""
    author, structure = letter.author, letter.structure
    box = Table([[Paragraph(patient_lines(), BODY)]], colWidths=[170 * mm])
    box.setStyle(TableStyle([("BOX", (0, 0), (-1, -1), 0.6, colors.grey), ("BOTTOMPADDING", (0, 0), (-1, -1), 6)]))
    found: list[Flowable] = [
        Paragraph(structure.name, HEAD),
        Paragraph(f"{structure.town} — FINESS {structure.finess} — {structure.mssante}", SMALL),
        Paragraph(f"Dr {author.given} {author.family}, {author.speciality} — RPPS {author.rpps}", SMALL),
        Spacer(1, 6 * mm),
        Paragraph(f"{structure.town}, le {day(letter.written_on)}", RIGHT),
        box,
    ]
    if letter.copy_to_patient:
        phone = " ".join(JEANNE.contact.phone[place : place + 2] for place in range(0, 10, 2))
        found += [Spacer(1, 2 * mm), Paragraph(f"Copie patient : {JEANNE.contact.email} {phone}", BODY)]
    return [*found, Paragraph(letter.title, TITLE)]


def signature(letter: Letter) -> list[Flowable]:
    """Close a document."""
    author = letter.author
    return [Spacer(1, 8 * mm), Paragraph(f"Dr {author.given} {author.family}", RIGHT)]


def consultation(author: Professional, structure: Structure) -> Letter:
    """A cardiologist writes to the general practitioner, with a copy to the patient."""
    doctor = professionals()[0]
    text = f"""
    À l'attention du Dr {doctor.given} {doctor.family}, Maison de santé des Tilleuls, Decize
    Copie : {doctor.mssante}
    Chère consœur,
    J'ai revu en consultation votre patiente, Mme {written(JEANNE.used_family)}, âgée de 80 ans, pour le suivi
    d'une hypertension artérielle traitée et d'une fibrillation atriale paroxystique connue depuis 2023.
    # Antécédents
    Hypertension artérielle depuis 2009. Fibrillation atriale paroxystique. Arthrose des genoux. Pas de diabète.
    # Traitement en cours
    Apixaban 5 mg matin et soir, bisoprolol 2,5 mg le matin, périndopril 4 mg le matin.
    # Examen clinique
    Poids 64 kg, taille 1,58 m. Pression artérielle 136/78 mmHg aux deux bras. Fréquence cardiaque 66/min, régulière.
    Auscultation sans souffle. Pas de signe de surcharge. Mollets souples.
    # Examens
    Électrocardiogramme : rythme sinusal, PR 180 ms, QRS fins, pas de trouble de la repolarisation.
    Échographie cardiaque : fraction d'éjection du ventricule gauche 60 %, oreillette gauche modérément dilatée,
    pas de valvulopathie significative.
    ---
    # Conclusion
    Situation stable. Pas de saignement sous anticoagulant, clairance de la créatinine estimée à 58 ml/min.
    # Conduite à tenir
    Poursuite du traitement sans changement. Créatininémie et numération dans six mois.
    Nouvelle consultation avec électrocardiogramme dans un an, plus tôt en cas de palpitations ou d'essoufflement.
    Je vous prie de croire, chère consœur, à l'assurance de mes salutations confraternelles.
    """
    return Letter(
        "compte-rendu-consultation.pdf",
        "COMPTE RENDU DE CONSULTATION",
        author,
        structure,
        date(2026, 10, 14),
        True,
        paragraphs(_joined(text)),
    )


def prescription(author: Professional, structure: Structure) -> Letter:
    """The general practitioner renews a treatment."""
    text = """
    # APIXABAN 5 mg, comprimé
    1 comprimé matin et soir pendant 3 mois.
    # BISOPROLOL 2,5 mg, comprimé
    1 comprimé le matin pendant 3 mois.
    # PÉRINDOPRIL 4 mg, comprimé
    1 comprimé le matin pendant 3 mois.
    # PARACÉTAMOL 1 g, comprimé
    1 comprimé en cas de douleur, 3 par jour au maximum, à 6 heures d'intervalle. 2 boîtes.
    Quatre médicaments prescrits. Renouvellement : non.
    """
    return Letter("ordonnance.pdf", "ORDONNANCE", author, structure, date(2026, 10, 20), False, paragraphs(text))


def imaging(author: Professional, structure: Structure) -> Letter:
    """A radiologist reports knee X-rays."""
    text = """
    # Indication
    Gonalgies bilatérales d'horaire mécanique, prédominant à droite.
    # Technique
    Radiographies des deux genoux de face en charge, de profil et défilés fémoro-patellaires.
    Produit dose-surface : 12,4 cGy.cm².
    # Résultats
    À droite : pincement modéré de l'interligne fémoro-tibial interne, ostéophytose marginale.
    Pas de lésion osseuse suspecte. Pas d'épanchement visible.
    À gauche : pincement débutant de l'interligne fémoro-tibial interne.
    Interlignes fémoro-patellaires conservés.
    # Conclusion
    Gonarthrose fémoro-tibiale interne bilatérale, modérée à droite et débutante à gauche.
    """
    return Letter(
        "compte-rendu-imagerie.pdf",
        "COMPTE RENDU DE RADIOGRAPHIE DES GENOUX",
        author,
        structure,
        date(2026, 10, 22),
        False,
        paragraphs(text),
    )


def invoice(author: Professional, structure: Structure) -> Letter:
    """The cardiology practice asks for what the patient owes."""
    rows = [
        ["Date", "Acte", "Montant", "Part obligatoire", "Reste à payer"],
        ["14/10/2026", "Consultation de cardiologie", "57,80 €", "40,46 €", "17,34 €"],
        ["14/10/2026", "Échographie cardiaque", "96,49 €", "67,54 €", "28,95 €"],
        ["", "Total", "154,29 €", "108,00 €", "46,29 €"],
    ]
    table = Table(rows, colWidths=[24 * mm, 60 * mm, 26 * mm, 32 * mm, 28 * mm])
    table.setStyle(
        TableStyle(
            [
                ("FONT", (0, 0), (-1, -1), "Helvetica", 9.5),
                ("FONT", (0, 0), (-1, 0), "Helvetica-Bold", 9.5),
                ("FONT", (0, -1), (-1, -1), "Helvetica-Bold", 9.5),
                ("GRID", (0, 0), (-1, -1), 0.4, colors.grey),
                ("ALIGN", (2, 0), (-1, -1), "RIGHT"),
            ]
        )
    )
    closing = paragraphs("""
    Somme à régler : <b>46,29 €</b> avant le 15 novembre 2026, en ligne, par chèque ou au secrétariat.
    Exonération de TVA, article 261-4-1° du code général des impôts.
    """)
    return Letter(
        "facture.pdf",
        "FACTURE N° 2026-10-0417",
        author,
        structure,
        date(2026, 10, 15),
        False,
        (table, Spacer(1, 6 * mm), *closing),
    )


def _joined(text: str) -> str:
    """Join the lines that a sentence spreads over: a line that starts in lower case goes on."""
    joined: list[str] = []
    for line in (line.strip() for line in text.strip().splitlines()):
        if joined and line[:1].islower():
            joined[-1] += f" {line}"
        else:
            joined.append(line)
    return "\n".join(joined)


DOCUMENTS: tuple[tuple[Callable[[Professional, Structure], Letter], str, str], ...] = (
    (consultation, "cardiologie", "MARCHAIS"),
    (prescription, "tilleuls", "LEMAIRE"),
    (imaging, "imagerie", "ROUVIÈRE"),
    (invoice, "cardiologie", "MARCHAIS"),
)


def write_documents(out: Path) -> list[Path]:
    """Write every sample into a folder and return their paths."""
    out.mkdir(parents=True, exist_ok=True)
    structures = {structure.code: structure for structure in STRUCTURES}
    authors = {professional.family: professional for professional in professionals()}
    paths = []
    for compose, code, family in DOCUMENTS:
        letter = compose(authors[family], structures[code])
        path = out / letter.file
        document = SimpleDocTemplate(
            str(path),
            pagesize=A4,
            leftMargin=20 * mm,
            rightMargin=20 * mm,
            topMargin=18 * mm,
            bottomMargin=18 * mm,
            title=letter.title.capitalize(),
            author=f"Dr {letter.author.given} {letter.author.family}",
            lang="fr-FR",
            invariant=1,
        )
        document.build([*letterhead(letter), *letter.body, *signature(letter)])
        paths.append(path)
    return paths


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    arguments = parser.parse_args()
    for path in write_documents(arguments.out):
        print(path)


if __name__ == "__main__":
    main()

"""Words that banks and payers write, by what they mean for a match."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from po_toolkit.money import CURRENCIES, exponent

_FORMS = {
    "incorporated": "inc", "corporation": "corp", "company": "co", "limited": "ltd",
    "limitada": "ltda", "aktiengesellschaft": "ag", "coop": "cooperative",
}  # fmt: skip
LEGAL = frozenset(
    """
    ab ag aps as asa bv bvba co cooperative corp cv ev gbr gmbh ggmbh inc kft kg kgaa kk lda llc
    llp lp ltd ltda mbh nv ohg oy oyj pbc plc pllc pte pty pvt sa sab sagl sarl sas sasu se sl
    slu snc spa spolka sprl srl sro sca ug vof zoo zrt
    """.split()
)
"""Legal forms, in one spelling each."""

SMALL = frozenset("and und et en og och e y i of the de der die das la le les los el".split())
"""Words that names hold or leave out."""

RETURNS = frozenset(
    """
    return returned returns ret retd retn rtrn rtn rtd rejected reject rejection reversal
    reversed reverse refund refunded rfnd chargeback charge-back nsf bounced bounce unpaid
    recall recalled cancelled
    canceled cancellation correction rueckzahlung ruckzahlung rueckueberweisung ruckuberweisung
    rueckbuchung ruckbuchung ruecklastschrift rucklastschrift ruecklaeufer rucklaufer retoure
    erstattung rueckerstattung ruckerstattung gutschriftstorno storno stornierung stornobuchung
    korrektur rueckruf ruckruf rueckgabe ruckgabe rueckläufer rueckueberw rueckl remboursement
    rembourse retour rejet rejete annulation annule impaye contrepassation extourne devolucion
    devuelto devuelta devol reembolso anulacion rechazado rechazada retrocesion impagado
    rimborso rimborsato stornato restituzione insoluto respinto annullo annullamento
    terugbetaling terugboeking teruggestort retourboeking gestorneerd storneering correctie
    aterbetalning retur tilbagebetaling tilbakebetaling tilbakefort returnering returnert
    palautus hyvitys maksunpalautus zwrot zwrotu reklamacja anulowanie vraceni vratka vratenie
    visszautalas visszateritas sztorno estorno devolucao reembolsado devolvido iade iptal
    vozvrat возврат возвращен 返金 返品 組戻 退款 退回 返却 返戻 반환 환불
    revoked revocation revoke recredit recredited payback cashback kickback overpayment overpaid
    overcharge duplicate duplicated doublon doppelzahlung doppelueberweisung doppeluberweisung
    fehlueberweisung fehluberweisung fehlbuchung irrlaeufer irrlaufer irrtum irrtuemlich
    irrtumlich versehentlich doppelt erreur error erroneous mistake mistaken errore
    duplicata
    duplicado pending vorgemerkt disputed dispute claim creditnote avoir
    unclaimed unapplied unable reimbursement reimbursed undeliverable undelivered
    dishonoured dishonored rebut rebuts
    reintegro reintegros richiamo tagasimakse tagastus grazinimas
    grazinta atmaksa povrat povraceno vracilo vracene anulowano wycofanie iadesi visszahivas
    ricredito riaccredito rejets ruckz rueckz rueckzlg ruckzlg повернення відшкодування
    скасовано aterkrav aterforing tilbageforsel tilbakeforing tilbakebetalt
    """.split()
)
"""Words of money that goes back, folded as names are."""

_RETURN_STEMS = (
    "returne", "returbet", "returov", "refund", "revers", "rembours", "reembols", "rimbors",
    "devol", "devuelt", "ruckzahl", "rueckzahl", "ruckuberw", "rueckueberw", "ruckbuch",
    "rueckbuch", "ruckerst", "rueckerst", "ruckverg", "rueckverg", "rucklast", "ruecklast",
    "ruckruf", "rueckruf", "ruckgab", "rueckgab", "rucklauf", "ruecklauf",
    "ruecklaeuf", "storn", "stornier",
    "terugbet", "terugboek", "teruggest", "aterbetal", "tilbagebet", "tilbakebet", "tilbagef",
    "palautu", "zwroc", "zwrot", "vrace", "vraten", "visszaut", "visszat", "estorn", "contrepass",
    "extourn", "chargeback", "bounced", "возвра", "поверн", "rejection", "rechaz", "repaid",
    "repayment", "terugstort", "geweiger", "avvist", "avvisad", "avviserad", "abgelehn", "ablehn",
    "zuruckgewies", "zurueckgewies", "odrzuc", "odmitnu", "visszautas", "hylat", "rejeit",
    "respins", "ramburs", "endurgrei", "επιστροφ", "отклон", "отказ", "החזר", "استرداد", "ارجاع",
)  # fmt: skip
"""How words of money that goes back begin, whatever follows: a plural, a compound, a case."""

_RETURN_INSIDE = ("ruckgab", "rueckgab", "ruckzahl", "rueckzahl", "ruckuberw", "rueckueberw",
                  "ruckbuch", "rueckbuch", "storno", "erstattung",
                  "retourne", "retoure")  # fmt: skip
"""The same inside the compounds of German: ``Lastschriftrückgabe``."""

_RETURN_CODE = re.compile(
    r"(?:ac(?:0[1-9]|1[0-6])|am0[1-9]|md0[1-9]|ms0[23]|rr0[1-4]|r(?:0[1-9]|[1-3]\d))"
)
"""The reasons of ISO 20022 (AC04, MS03) and of ACH (R03) for which a payment is returned."""

_RETURN_PAIRS = frozenset({"charge back", "credit back", "paid back", "money back", "sent back",
                           "send back", "account closed", "beneficiary unknown", "credit note",
                           "no account", "account incorrect", "account invalid",
                           "account unknown", "account blocked", "account frozen",
                           "incorrect account", "invalid account", "unknown account",
                           "wrong account", "invalid beneficiary", "unknown beneficiary",
                           "not applied", "not found", "konto erloschen", "konto unbekannt",
                           "compte clos", "compte inexistant", "conto chiuso",
                           "cuenta cerrada", "not honoured", "not honored", "pay back",
                           "not executed", "not processed", "not accepted", "nicht ausgefuehrt",
                           "nicht ausgefuhrt", "nicht eingeloest", "nicht eingelost",
                           "niet uitgevoerd", "non execute", "non eseguito",
                           "no ejecutado"})  # fmt: skip


def return_word(words: Sequence[str]) -> str:
    """Return the first of some folded words that tells that money goes back, or ``""``.

    A letter that the bank printed as ``?`` counts as any vowel: ``r?ckzahlung``.
    """
    for at, word in enumerate(words):
        pair = f"{word} {words[at + 1]}" if at + 1 < len(words) else ""
        if pair in _RETURN_PAIRS:
            return pair
        spelled = [word]
        if "?" in word:
            marked = word.replace("??", "?")
            spelled = [marked.replace("?", vowel) for vowel in "aou"]
        if _RETURN_CODE.fullmatch(word) or any(
            w in RETURNS or w.startswith(_RETURN_STEMS) or any(i in w for i in _RETURN_INSIDE)
            for w in spelled
        ):
            return word
    return ""


PURPOSES = frozenset(
    """
    ticket tickets tkt registration registrations regist admission attendee attendees badge
    workshop tutorial donation donations donate gift grant grants raffle merch merchandise shirt
    hotel room rent interest dividend salary payroll loan insurance catering venue membership
    member dues subscription job jobs advert advertising eintritt eintrittskarte eintrittskarten
    karte karten teilnahme teilnahmegebuehr teilnehmer spende spenden mitgliedsbeitrag beitrag
    zinsen miete gehalt billet billets inscription don dons cotisation loyer interets entrada
    entradas inscripcion donacion donativo cuota alquiler intereses biglietto biglietti
    iscrizione donazione affitto interessi kaartje kaartjes deelname inschrijving donatie gift
    contributie huur rente biljett biljetter donation gava billett billetter bilet bilety
    darowizna skladka training trainings course courses schulung kurs kaution caution scholarship
    scholarships stipend stipendium stipendien bourse beca matching security endowment fundraiser
    fundraising crowdfunding royalty royalties lizenz license licence consulting beratung
    freelance honorar honorarium travel reisekosten parking bond
    dinner essen speisen swag furniture mobiliar stellenanzeige stellenanzeigen anzeige anzeigen
    jobboerse jobborse annonce annonces emploi emplois anuncio anuncios empleo annuncio
    advertentie vacature billetterie billeterie ingresso ingressi ingressos bilhete bilhetes
    inscricao inscricoes verpflegung traiteur buffet билет билеты билетов взнос пожертвование
    """.split()
)
"""Words of money that is no sponsor's invoice."""

_PURPOSE_ENDS = ("karten", "spende", "spenden", "kaution", "beitraege", "miete")
_PURPOSE_SIGNS = (
    "寄付",
    "寄附",
    "チケット",
    "参加費",
    "捐款",
    "门票",
    "会費",
    "求人",
    "招聘",
    "티켓",
)
_YEAR = re.compile(r"20\d\d")
_EVENT = re.compile(
    r"[a-z]{2,}(?:con|conf|python|camp|summit|fest|kon|konf)|py(?:data|day|days|ladies)|djangogirls"
)
_EVENT_AND_YEAR = re.compile(r"([a-z]*(?:con|conf|python|camp|data|fest))(?:20)?(\d\d)")
_NO_EVENTS = frozenset("silicon lexicon rubicon icon beacon bacon falcon second".split())
_PLACES = frozenset(
    """
    africa apac argentina asia australia austria balkan belarus berlin brasil brazil canada chile
    china colombia czech de deutschland espana estonia france fr germany ghana hk hungary india
    indonesia ireland israel italia italy japan jp kenya korea latam lithuania malaysia mexico
    nederland netherlands nigeria nz odessa peru philippines pl poland portugal romania russia
    singapore sk slovakia spain sweden sverige swiss switzerland taiwan thailand turkey uk ukraine
    us za zimbabwe
    """.split()
)
"""What stands behind the name of a conference that is held in many countries."""


def purpose_word(words: Sequence[str]) -> str:
    """Return the first folded word that tells of other money than an invoice, or ``""``."""
    for word in words:
        signs = not word.isascii() and any(sign in word for sign in _PURPOSE_SIGNS)
        if word in PURPOSES or word.endswith(_PURPOSE_ENDS) or signs:
            return word
    return ""


def other_event(words: Sequence[str], year: int, own: Sequence[str]) -> str:
    """Return a word that names another year's or another conference, or ``""``.

    Args:
        words: Folded words of a line.
        year: Of the line; sponsors pay for that year's or the next year's conference.
        own: Our own names.
    """
    mine = {w for name in own for w, _ in tokens(fold(name))} | {"pycon"}
    names = [w for w in mine if w in ("pycon", "python") or _EVENT.fullmatch(w)]
    others = _PLACES - mine if mine & _PLACES else _PLACES - {"us"}
    for at, word in enumerate(words):
        if word in mine:
            after = words[at + 1] if at + 1 < len(words) else ""
            if word in names and (after in others or _other_year(after, year)):
                return f"{word} {after}"
            continue
        held = _EVENT_AND_YEAR.fullmatch(word)
        if _YEAR.fullmatch(word) and not year <= int(word) <= year + 1:
            return word
        if held is not None and (held[1] not in mine or _other_year(held[2], year)):
            return word
        if len(word) > 5 and word not in _NO_EVENTS and _EVENT.fullmatch(word):
            return word
    return ""


def _other_year(word: str, year: int) -> bool:
    """Tell whether two digits behind a conference's name are not this year nor the next."""
    return bool(re.fullmatch(r"[12]\d", word)) and not year <= 2000 + int(word) <= year + 1


_CODED = re.compile(r"[A-Z]{3} ?\d|\d ?[A-Z]{3}|[€£]")
_AMOUNT = re.compile(r"(?<![\d.,])\d(?:[\d.,']*\d)?(?![\d.,]*\d)")
_CODE_BEFORE = re.compile(r"(?:(?<![A-Za-z])([A-Z]{3})|([€£])) ?$")
_CODE_AFTER = re.compile(r" ?(?:([A-Z]{3})(?![A-Za-z])|([€£]))")
_SIGNS = {"€": "eur", "£": "gbp"}


def other_currency(text: str, amount: int, currency: str) -> str:
    """Return another currency that a text names beside the same amount, or ``""``.

    The amount, in minor units, and the currency are the line's.
    """
    if _CODED.search(text) is None:
        return ""
    currency = currency.lower()
    same = {str(abs(amount)), str(abs(amount) // 10 ** exponent(currency))}
    for found in _AMOUNT.finditer(text):
        if re.sub(r"\D", "", found[0]) not in same:
            continue
        for beside in (
            _CODE_BEFORE.search(text, 0, found.start()),
            _CODE_AFTER.match(text, found.end()),
        ):
            code = (_SIGNS.get(beside[2]) or beside[1].lower()) if beside else currency
            if code in CURRENCIES and code != currency:
                return code
    return ""


SERVICES = frozenset(
    """
    billcom bill.com wise transferwise payoneer melio meliopayments paypal tipalti ramp brex
    coupa ariba flywire revolut venmo zelle convera ebury currencycloud airwallex worldfirst
    moneycorp afex veem plooto gocardless adyen mollie klarna sumup zettle mangopay nium thunes
    checkbook bottomline paymode paymodex nvoicepay mineraltree stampli avidxchange avidpay
    corpay routable quickbooks intuit divvy airbase westernunion ofx modulr stripe square yooz
    xoom remitly skrill payu payplus viewpost bankcard cashapp googlepay expensify spendesk pleo
    qonto lemonway trolley gusto rippling navan eventbrite
    """.split()
)
"""Services that pay for others."""

BANK_WORDS = frozenset(
    """
    bank banque banco banca banka bankas pankki sparkasse volksbank raiffeisenbank raiffeisen
    landesbank kantonalbank sparkassen kreissparkasse stadtsparkasse bancorp fargo jpmorgan
    jpmchase citibank citi hsbc barclays natwest lloyds santander bbva ubs rabobank abn amro
    nordea danske swedbank seb handelsbanken dnb bnp paribas commerzbank unicredit intesa
    sanpaolo caixa caixabank mufg mizuho sumitomo boa bofa td rbc scotiabank bmo cibc pnc truist
    usbank keybank svb wellsfargo postbank postfinance sberbank monzo n26 comerica bny
    deutschebank
    """.split()
)
"""Words in the names of banks."""

BOILERPLATE = frozenset(
    """
    a abbuchung account accounts accounting achat ach acct adv advance advice afschrijving
    aktion amount an and ap ar as at attn auftrag auslandsueberweisung automated avis bacs
    balance bank banking batch begin beneficiary bestellnr bestellnummer bestellung betaling
    betr betreff bgc bill billing bitte book booking bronze brought buchung by cash ccd ch chaps
    charge charges check checks cheque cheques chips clearing co code collected collection com
    commande communication compte concepto conference confirmation conf contract contrat corp
    counter credit creditor credits crd ctx cust customer dank dankeschoen date datum de debit
    den deposit deposits des desc descr description det detail details dir direct disbursement
    division doc document dom dpt du ein eingang einzahlung electronic entry eref eur faktura
    fact factura facture faster fattura fed fedwire fee fees fixed for fpi fps from fund funds
    fur fuer giro gutschrift hello id im immediate in inbound inc incoming incomingwire ind indn
    info inkommande instalment installment instant int intl inv invno invoice invoices inward
    itemized kontakt kred krediet kunde kundennr kundennummer letter line lastschrift ltd mai
    manual memo merci message misc mr mrs ms net netto nl no nominal notprovided nr num number
    numero obi of on one online open ord order orders ordre other our outstanding overboeking
    page paid paiement partial partnership part party pay payable payables payee payer paying
    payment payments paym payout pedido per please pmt pmts po posting ppd pr process processed
    project proj purchase purp purpose pycon qtr quarter r rate rcvd re rebate rec receipt
    receipts receivable received ref refer reference referenz referencia regards remark remit
    remittance remote repeat reg req request rechnung rechnungsnr rechnungsnummer rechn rg rnr
    rtgs sammler sammelgutschrift schnell sec second see seite sender sent sepa settlement sheet
    spei sponsor sponsors sponsoring sponsorship sponsorat ssn sum svc svwz swift tel terminal
    tfr thank thanks third time title to total trace tran trans transaction transfer transf trf
    trn txn type ueberweisung uberweisung uk us usa usd value valuta vendor verwendungszweck via
    vielen vir virement vom von vorgang wire wires with wt xfer year you your zahlung
    zahlungseingang zelle zu zum zur january february march april may june july august september
    october november december jan feb mar apr jun jul aug sep sept oct nov dec gbp chf cad aud
    jpy sek nok dkk pln czk giroeinzug dauerauftrag echtzeit echtzeitueberweisung
    onlineueberweisung bonifico transferencia abono recu recibido ricevuto ontvangen mottagen
    innbetaling betalning maksu przelew przychodzacy platba prichozi prijata atutalas
    """.split()
)
"""Words that say nothing about who pays."""

LONG_FORMS = {short: long for long, short in _FORMS.items()}
"""How some legal forms are written out."""

PERHAPS_NAMES = frozenset(
    """
    gold silver platinum diamond bronze event events service services partner partnership
    international standard marketing global first final full business commercial corporate
    domestic foreign euro general mobile express exchange partners team invest
    """.split()
)
"""Words that say nothing about who pays, unless they stand beside a name of one word."""

_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "o", "æ": "ae", "å": "a",
                         "ł": "l", "đ": "d", "œ": "oe", "\u0131": "i"})  # fmt: skip
_PLAIN = str.maketrans(
    {"ß": "ss", "ø": "o", "æ": "ae", "ł": "l", "đ": "d", "œ": "oe", "\u0131": "i"}
)


@lru_cache(maxsize=200_000)
def fold(text: str, *, plain: bool = False) -> str:
    """Write a text in small letters of ASCII, where it has such: ``Müller`` is ``mueller``.

    Full-width letters count as the usual ones. ``plain`` leaves the dots off (``muller``).
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    if folded.isascii():
        return folded
    folded = folded.translate(_PLAIN if plain else _GERMAN)
    folded = unicodedata.normalize("NFKD", folded)
    return "".join(c for c in folded if not unicodedata.combining(c))


_APOSTROPHES = re.compile(r"(?<=\w)['\u2019`](?=\w)")
_TOKEN = re.compile(r"[^\W_]+(?:\?{1,2}[^\W_]+)*|[^\w\s]", re.UNICODE)
_SOFT = frozenset(".&-'+*()\"?")
"""Marks that do not end a name."""


@lru_cache(maxsize=200_000)
def tokens(folded: str) -> tuple[tuple[str, bool], ...]:
    """Return the words of a folded text, and whether a mark stands before each that ends a name.

    Letters that stand alone are joined (``b.v.`` is ``bv``), legal forms are in one spelling, and
    small words are left out.
    """
    plain = _APOSTROPHES.sub("", folded)
    found: list[tuple[str, bool]] = []
    hard, end, single, dotted = False, 0, False, False
    for match in _TOKEN.finditer(plain):
        word, gap = match[0], plain[end : match.start()]
        if not word[0].isalnum():
            hard = hard or word not in _SOFT
            continue
        dots = "." in gap or "/" in gap
        end = match.end()
        if len(word) == 1 and word.isalpha():
            joins = single and (dots or (not dotted and not hard and gap == " "))
            if joins:
                found[-1] = (found[-1][0] + word, found[-1][1])
            else:
                found.append((word, hard))
            single, dotted, hard = True, joins and (dotted or dots), False
            continue
        single = False
        if word in SMALL:
            continue
        found.append((_FORMS.get(word, word), hard))
        hard = False
    return tuple(found)


def name_in(name: str, text: str) -> bool:
    """Tell whether all words of a name stand together in a text."""
    wanted = [w for w, _ in tokens(fold(name)) if w not in LEGAL]
    words = [w for w, _ in tokens(fold(text))]
    size = len(wanted)
    return bool(size) and any(words[i : i + size] == wanted for i in range(len(words) - size + 1))

"""The columns of an import: what people call them, and what each cell must be.

The names are English, German, French, Spanish, Portuguese, Italian, Dutch, the Nordic languages,
Polish and Japanese. A new column is declared here: its names in ``FIELDS``, ``_SYNONYMS`` and
``LABELS``, and what reads its cells in ``Row`` at the end.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, Any, NoReturn

from email_validator import EmailNotValidError, validate_email
from pydantic import PlainValidator, ValidationInfo
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from po_toolkit.domain import stripe_limits
from po_toolkit.domain.deliveries import way_named
from po_toolkit.domain.e_invoices import FORMATS
from po_toolkit.domain.payment_methods import METHODS, method_named
from po_toolkit.domain.stripe_limits import EMAIL_LENGTH
from po_toolkit.domain.tax import TaxRules
from po_toolkit.domain.tax_ids import TaxId, UnknownTaxIdError, read_tax_id
from po_toolkit.importers.cells import (
    EXACT_DIGITS,
    Cell,
    CellError,
    DayOrder,
    Decimals,
    ShownNumber,
    clean,
    days_of,
    in_thousands,
    is_empty,
    is_placeholder,
    looks_dated,
    names_month,
    sign_currencies,
    text_of,
    written_amount,
    written_date,
)
from po_toolkit.money import CURRENCIES

FIELDS = (
    "organization_name",
    "contact_name",
    "contact_email",
    "billing_address",
    "po_number",
    "description",
    "quantity",
    "unit_price",
    "amount",
    "currency",
    "due_date",
    "days_until_due",
    "notes",
    "stripe_invoice_id",
    "po_amount",
    "tax_rate",
    "tax_id",
    "language",
    "service_start",
    "service_end",
    "payment_methods",
    "delivery",
    "buyer_reference",
    "e_invoice_address",
    "e_invoice_format",
    "contact_phone",
    "cc_emails",
)
"""The canonical columns."""

REASON = "po_toolkit_reason"
"""The header of the column in which rejected rows say why; an import leaves it out."""

REQUIRED = ("organization_name", "contact_email")
"""Columns that every import has, beside ``amount`` or ``unit_price``."""

_SYNONYMS = {
    "organization_name": """
        organization name, organisation name, organization, organisation, sponsor name, sponsor,
        sponsor company, company name, company, business name, legal name, customer name, customer,
        client name, client, account name, bill to name, billed to, exhibitor, exhibitor name, org,
        org name, firm
        | firma, firmenname, unternehmen, organisationsname, sponsorname, kunde, kundenname,
        gesellschaft, aussteller, rechnungsempfanger, auftraggeber
        | organisme, nom de l organisation, nom de l organisme, entreprise, nom de l entreprise,
        societe, nom de la societe, raison sociale, nom du sponsor, parrain, client facture, nom du
        client
        | organizacion, nombre de la organizacion, empresa, nombre de la empresa, razon social,
        patrocinador, nombre del patrocinador, cliente, nombre del cliente, compania
        | organizacao, nome da organizacao, nome da empresa, razao social, nome do patrocinador,
        nome do cliente
        | organizzazione, nome organizzazione, azienda, nome azienda, societa, ragione sociale, nome
        sponsor, nome cliente, denominazione, ditta
        | account name full, sponsoring company, sponsoring organization, sponsor organization,
        legal entity, legal entity name, billing name, billing company, company legal name, legal
        company name, registered name, bill to company, invoice to, customer full name, partner,
        partner name, primary company, associated company, associated company primary, school name,
        institution
        | firma organisation, name der firma, name des unternehmens, rechnung an, kundenname firma
        | denomination sociale, nom entreprise, nom societe, nom de l entite
        | entidad, entidad patrocinadora, nombre fiscal, nombre comercial
        | entidade, patrocinadora, nome fantasia
        | cliente fornitore, ragione sociale cliente, sponsor azienda
        | bedrijf, bedrijfsnaam, organisatie, naam organisatie, klant, relatie, klantnaam, naam
        bedrijf
        | foretag, foretagsnamn, organisation namn, kund, kundnamn, bolag
        | virksomhed, virksomhedsnavn, firmanavn, kunde navn, selskab, selskapsnavn, bedrift,
        bedriftsnavn, kundenavn, organisasjon, navn pa virksomhed
        | yritys, yrityksen nimi, asiakas, organisaatio
        | nazwa firmy, klient, nazwa klienta, sponsor nazwa, kontrahent, nabywca
        | 会社名, 企業名, 団体名, 組織名, スポンサー名, スポンサー, 取引先名, 取引先, 顧客名,
        法人名, 社名, 請求先, 請求先名, 御社名, 貴社名
        | 公司名称, 公司, 客户名称, 客户""",
    "contact_name": """
        contact name, contact, contact person, billing contact, billing contact name, attention,
        attn, primary contact, finance contact, full name, bill to contact, accounts payable contact
        | ansprechpartner, ansprechpartnerin, kontakt, kontaktperson, kontaktname, name des
        kontakts, rechnungskontakt
        | nom du contact, personne de contact, interlocuteur, contact facturation, a l attention de
        | contacto, nombre del contacto, nombre de contacto, persona de contacto
        | contato, nome do contato, pessoa de contato, nome do contacto
        | contatto, nome contatto, referente, persona di riferimento, nome referente
        | contact full name, attention to, contact first and last name, first and last name
        | ansprechperson, name des ansprechpartners, vor und nachname
        | nom complet, contact facturation nom, nom et prenom
        | nombre y apellidos, nombre completo, nome completo, nome e sobrenome, nome e cognome
        | contactpersoon, naam contactpersoon, kontaktperson navn, kontaktnamn, yhteyshenkilo
        | osoba kontaktowa
        | 担当者, 担当者名, ご担当者名, ご担当者, 氏名, お名前, 联系人""",
    "contact_email": """
        contact email, contact e mail, billing email, billing e mail, invoice email, invoice e mail,
        accounts payable email, ap email, email, e mail, email address, e mail address, mail,
        contact email address, billing contact email, sponsor email, bill to email, email id
        | e mail adresse, emailadresse, mailadresse, rechnungs e mail, rechnungsemail, kontakt e
        mail, e mail kontakt, rechnungsmail
        | adresse e mail, adresse email, courriel, adresse de courriel, adresse electronique, e mail
        de facturation, email de facturation, courriel de facturation, e mail du contact, email du
        contact
        | correo, correo electronico, email de contacto, correo de contacto, correo de facturacion,
        direccion de correo, direccion de correo electronico
        | endereco de e mail, endereco de email, e mail do contato, email do contato, correio
        eletronico
        | indirizzo e mail, indirizzo email, posta elettronica, email di fatturazione, e mail di
        fatturazione, email contatto, e mail contatto
        | billing email address, invoice email address, invoicing email, email for invoices, email
        for invoice, email to send invoice, accounts payable e mail, accounts payable contact email,
        finance email, finance contact email, billing contact e mail, primary contact email, primary
        email, contact person email, business email, work email, company email, e mail for invoice,
        ap contact email, customer email, client email, main email, email1, email 1, email
        recipients
        | e mail rechnung, e mail fur rechnung, e mail fur rechnungen, email adresse, e mailadresse,
        rechnung per e mail an, kontakt email
        | mail facturation, adresse mail, mel, adresse de messagerie, email facturation, e mail
        facturation
        | correo electronico de facturacion, correo de contacto electronico, e mail de contacto,
        email facturacion, correo e, direccion de email
        | email para faturacao, email de faturacao, email de cobranca, e mail de cobranca, email
        para cobranca, email financeiro
        | mail fatturazione, e mail fatturazione, indirizzo di posta elettronica, pec
        | e mailadres, emailadres, mailadres, factuur e mail, facturatie e mail, e mail facturatie,
        e mail contactpersoon
        | e postadress, e post, epost, epostadress, faktura e post, fakturamail, fakturaadress e
        post, e postadresse, epostadresse, faktura e mail, faktura epost, sahkoposti,
        sahkopostiosoite
        | adres e mail, adres email
        | メール, メールアドレス, eメール, e メール, 請求先メールアドレス, 請求先メール,
        電子メール, 邮箱, 电子邮件""",
    "billing_address": """
        billing address, bill to address, invoice address, address, mailing address, postal address,
        company address, bill to
        | rechnungsadresse, rechnungsanschrift, adresse, anschrift, postanschrift
        | adresse de facturation, adresse postale
        | direccion de facturacion, direccion, direccion postal, domicilio
        | endereco de cobranca, endereco de faturacao, endereco de faturamento, endereco, morada
        | indirizzo di fatturazione, indirizzo fatturazione, indirizzo, indirizzo postale
        | full address, billing address full, invoicing address, bill to address full
        | rechnungsadresse vollstandig, vollstandige adresse
        | adresse complete, adresse du siege
        | domicilio fiscal, direccion fiscal, direccion completa, morada fiscal, endereco completo,
        endereco fiscal
        | indirizzo completo, sede legale, indirizzo sede
        | factuuradres, postadres, fakturaadress, faktureringsadress, fakturaadresse,
        faktureringsadresse, laskutusosoite, osoite
        | adres do faktury
        | 請求先住所, 住所, 所在地, 地址""",
    "po_number": """
        po number, po no, po num, po nr, po, p o number, p o no, p o, purchase order number,
        purchase order no, purchase order, purchase order id, po id, po ref, po reference, customer
        po, customer po number, customer reference, your reference
        | bestellnummer, bestell nr, bestellnr, bestellung, po nummer, bestellreferenz, ihre
        referenz
        | numero de bon de commande, n de bon de commande, no de bon de commande, bon de commande,
        numero de commande, n de commande, no de commande, n commande, numero bc, reference commande
        | numero de orden de compra, orden de compra, n de orden de compra, numero de orden, no de
        orden de compra, numero de pedido, n de pedido, pedido, oc
        | ordem de compra, numero da ordem de compra, numero do pedido, n do pedido, nota de
        encomenda, numero de encomenda
        | numero ordine di acquisto, ordine di acquisto, numero ordine, n ordine, numero d ordine,
        ordine d acquisto, oda, numero oda
        | po number if you have one, po number or reference, po number reference, p o, po order,
        customer po no, client po, sponsor po, sponsor po number, your po number, purchase order
        ref, purchase order reference, purchase order num, ponumber, po code, po identifier, buyer
        reference, buyer order number, your order number, customer order number
        | bestellreferenz nr, kundenbestellnummer, bestellnummer po, po bestellnummer, ihre
        bestellnummer, bestell referenz
        | n bc, bc, reference bon de commande, ref commande, numero po, n po, votre reference
        | no oc, num oc, numero oc, n oc, orden compra, num pedido, numero po
        | encomenda, n encomenda, nr encomenda, pedido de compra, numero do pedido de compra, n
        pedido de compra
        | nr ordine, n ordine acquisto, numero ordine acquisto, rif ordine, riferimento ordine,
        numero po
        | inkoopordernummer, inkooporder, bestelnummer, po nummer, inkoopnummer, uw referentie, uw
        kenmerk, kenmerk, uw order, uw ordernummer
        | inkopsordernummer, inkopsorder, bestallningsnummer, ert ordernummer, er referens, po
        nummer, kopsordernummer
        | indkobsordre, indkobsordrenummer, rekvisitionsnummer, innkjopsordre, innkjopsordrenummer,
        bestillingsnummer, deres referanse, ostotilausnumero, tilausnumero
        | numer zamowienia, nr zamowienia
        | 発注番号, 注文番号, 注文書番号, 発注書番号, po番号, 貴社注文番号, 采购订单号, 订单号""",
    "description": """
        description, line description, item description, item, line item, product, product name,
        package, sponsorship package, sponsorship level, sponsorship, level, tier, service, details,
        product description, article
        | beschreibung, bezeichnung, artikel, leistung, paket, produkt, sponsoringpaket,
        positionstext
        | designation, libelle, prestation, article facture, produit, formule, forfait
        | descripcion, concepto, articulo, producto, paquete, servicio, detalle
        | descricao, produto, pacote, servico, artigo
        | descrizione, prodotto, pacchetto, servizio, articolo, voce
        | description of goods, item name, product service, item product service, sponsorship type,
        sponsorship tier, sponsor level, sponsor tier, package name, sponsor package, sponsorship
        package name, chosen package, selected package, line item name, item service, product or
        service, inventory item, package level, membership, benefit, benefits
        | artikelbezeichnung, leistungsbeschreibung, positionsbezeichnung, sponsoringstufe,
        sponsorenpaket, stufe, kategorie
        | intitule, pack, offre, niveau de parrainage, niveau de sponsoring, detail
        | nivel, nivel de patrocinio, paquete de patrocinio, detalles
        | nivel de patrocinio, cota, cota de patrocinio, descritivo, descriminacao, item,
        discriminacao
        | livello, livello di sponsorizzazione, pacchetto sponsor, causale, dettaglio
        | omschrijving, beschrijving, pakket, sponsorpakket, sponsorniveau, artikel omschrijving
        | beskrivning, benamning, artikel benamning, paket, sponsorpaket, sponsorniva, vara
        | beskrivelse, varenavn, pakke, sponsorpakke, vare, ydelse, kuvaus, tuote, paketti, nimike
        | opis, nazwa uslugi, pakiet
        | 品名, 摘要, 内容, 品目, プラン, プラン名, スポンサープラン, スポンサー種別, 件名,
        商品名, 明細, 项目, 描述""",
    "quantity": """
        quantity, qty, units, count, number of units, no of units, pcs, pieces
        | menge, anzahl, stuckzahl, stuck, stueck
        | quantite, qte, nombre
        | cantidad, cant, unidades
        | quantidade, qtd, qtde
        | quantita, qta, pezzi
        | quantity ordered, qty ordered, ordered quantity, order quantity, order qty, ordered qty,
        hours, days worked, item quantity, item qty, number of items, number of tickets, number of
        passes, number of seats, no of tickets, no of passes, how many, units ordered, hrs, quantity
        purchased, qty purchased, line quantity, billed quantity, invoiced quantity, licenses, seats
        | anz, bestellmenge, bestellte menge, anzahl stuck, stk, stunden, anzahl tickets
        | quantite commandee, nb, nbre, nombre d unites, unites, heures, qte commandee
        | unids, uds, ud, cantidad pedida, cantidad solicitada, horas, numero de unidades
        | quant, qt, unid, quantidade encomendada, numero de unidades, quantidade pedida
        | q ta, qta ordinata, quantita ordinata, numero pezzi, nr pezzi, ore
        | aantal, hoeveelheid, aantal stuks, stuks, uren, besteld aantal
        | antal, kvantitet, antal bestallda, bestallt antal, timmar, antall, antal stk, antall
        bestilt, bestilt antal, timer, maara, kpl, lukumaara
        | ilosc, liczba, szt
        | 数量, 個数, 件数, 枚数, 口数, 时数, 数目""",
    "unit_price": """
        unit price, price per unit, price each, unit cost, rate, price, each, cost per unit, unit
        amount, list price
        | einzelpreis, stuckpreis, preis, preis pro stuck, preis je einheit, nettoeinzelpreis,
        einheitspreis
        | prix unitaire, prix, prix a l unite, pu, p u, tarif, prix unitaire ht, pu ht
        | precio unitario, precio, precio por unidad, tarifa
        | preco unitario, preco, valor unitario
        | prezzo unitario, prezzo, tariffa
        | unit price each, item rate, item price, price unit, price item, cost each, each price,
        unit rate, per unit, unit value, hourly rate, rate per hour, price per item, price ea, sales
        price, line price, unit cost price
        | e preis, ep, stueckpreis, preis einheit, einzelpreis netto, preis stuck, stundensatz, stk
        preis
        | prix unit, prix unitaire net, montant unitaire, tarif unitaire, prix par unite, taux
        horaire
        | p unitario, precio ud, precio unit, importe unitario, valor unitario, precio por hora, pvp
        unitario
        | preco unit, p unit, vl unitario, vlr unitario, valor unit, valor por unidade
        | prezzo unit, importo unitario, costo unitario, prezzo cad, p unitario, prezzo unitario
        netto
        | stukprijs, eenheidsprijs, prijs per stuk, prijs per eenheid, prijs, tarief, uurtarief
        | a pris, styckpris, enhetspris, pris per enhet, pris, pris st, stykpris, enhedspris, pris
        pr stk, pris pr enhed, stykkpris, pris per stk, yksikkohinta, hinta, a hinta
        | cena jednostkowa, cena
        | 単価, 価格, 单价, 价格""",
    "amount": """
        amount, line total, line amount, total amount, amount due, invoice amount, net amount,
        extended price, extended amount, ext price, total price, sum, total, value, fee, cost,
        subtotal, amount to invoice, sponsorship amount
        | betrag, gesamtbetrag, gesamtpreis, summe, nettobetrag, gesamt, rechnungsbetrag,
        zeilensumme, wert
        | montant, montant total, montant ht, total ht, prix total, somme, montant du
        | importe, importe total, monto, monto total, valor, precio total, suma
        | montante, valor total, total da linha, quantia, preco total
        | importo, importo totale, totale, prezzo totale, somma, ammontare
        | item amount, line item amount, item total, item line amount, amount usd, total line, ext
        amount, extension, line value, line price total, amount payable, payable amount, deal
        amount, deal value, opportunity amount, contract amount, contract value, sponsorship fee,
        sponsorship value, sponsorship total, package price, package cost, amount in document
        currency, pledge amount, pledged amount, amount pledged, total cost, total fee, contribution
        | betrag netto, gesamtbetrag netto, gesamt netto, zeilenbetrag, positionsbetrag,
        positionssumme, auftragswert, nettosumme, sponsoringbetrag, gesamtsumme
        | montant net, montant ligne, total ligne, montant de la ligne, montant du parrainage,
        montant hors taxe, montant hors taxes, total hors taxe, cout, cout total
        | importe neto, importe linea, total linea, importe de la linea, cuantia, aportacion,
        importe a facturar, monto del patrocinio
        | valor, valor liquido, valor da linha, valor do patrocinio, vl total, vlr total, total
        liquido, importancia
        | importo riga, totale riga, importo netto, importo sponsorizzazione, imponibile, valore,
        costo
        | bedrag, totaalbedrag, totaal, regelbedrag, regeltotaal, totaalprijs, nettobedrag, waarde
        | belopp, totalbelopp, summa, radbelopp, totalt, totalpris, nettobelopp, belop, totalbelop,
        linjebelop, belob, samlet belob, linjetotal, linjebelob, i alt, summa yhteensa, yhteensa,
        loppusumma
        | kwota, wartosc, kwota netto
        | 金額, 合計, 合計金額, 請求金額, 総額, 小計, 協賛金, 協賛金額, スポンサー料, 税抜金額,
        总价, 金额, 总额""",
    "currency": """
        currency, currency code, ccy, cur, curr, iso currency
        | wahrung, wahrungscode, waehrung
        | devise, monnaie, code devise
        | moneda, divisa
        | moeda
        | valuta, divisa di fatturazione
        | invoice currency, billing currency, deal currency, transaction currency, amount currency,
        currency iso code, iso code currency, document currency, txn currency, currency iso
        | rechnungswahrung, wahrungskurzel, belegwahrung
        | code monnaie, devise de facturation, code iso devise
        | codigo de moneda, moneda de facturacion, codigo moneda, codigo da moeda, codice valuta,
        valuta fattura
        | munteenheid, valutacode, munt, valutakod, valutakode, fakturavaluta, valuutta, waluta
        | 通貨, 通貨コード, 币种, 货币""",
    "due_date": """
        due date, payment due, payment due date, due, due by, pay by, invoice due date
        | falligkeitsdatum, fallig am, fallig, zahlbar bis, falligkeit, zahlungsziel datum
        | date d echeance, echeance, date limite, date limite de paiement, a payer avant
        | fecha de vencimiento, vencimiento, fecha limite, fecha limite de pago
        | data de vencimento, vencimento, data limite
        | data di scadenza, scadenza, data scadenza
        | due on, invoice due, payment due by, payment deadline, pay before, date due, deadline for
        payment, payable by, to be paid by, net due date, maturity date
        | falligkeitstermin, faelligkeitsdatum, faellig am, faelligkeit, zahlungstermin, zahlbar am,
        zahlung bis, zu zahlen bis, falligkeitstag, nettofalligkeit
        | date echeance, date de paiement prevue, a payer avant le, date limite de reglement,
        echeance le, payable avant le, date d exigibilite
        | fecha vencimiento, vence, vence el, fecha de vto, vto, fecha limite pago, pagar antes de
        | data vencimento, dt vencimento, vence em, data limite de pagamento, data de pagamento
        limite, pagar ate
        | data scad, scad, da pagare entro, entro il, data di pagamento, termine di pagamento data
        | vervaldatum, betaaldatum, uiterste betaaldatum, te betalen voor, forfallodatum,
        forfallodag, forfallsdato, betalningsdatum, betalas senast, forfaldsdato, betalingsdato,
        betalingsfrist dato, forfalder, betales innen, erapaiva, maksupaiva
        | termin platnosci, data platnosci
        | 支払期日, 支払期限, 支払日, お支払期限, 入金期限, 期日, 到期日""",
    "days_until_due": """
        days until due, payment terms days, net days, terms days, payment days, days to pay, payment
        terms, terms, net terms
        | zahlungsziel, zahlungsziel tage, zahlungsfrist, tage bis fallig, zahlungsziel in tagen
        | delai de paiement, delai de paiement jours, jours avant echeance
        | dias hasta vencimiento, plazo de pago, dias de pago, plazo
        | dias ate o vencimento, prazo de pagamento, prazo
        | giorni alla scadenza, termini di pagamento, giorni di pagamento
        | payment term, term, credit terms, invoice terms, terms of payment, payment conditions,
        credit days, net terms days, due terms, due in days, payment terms name
        | zahlungsbedingung, zahlungsbedingungen, zahlungskonditionen, zahlungskondition, zahlbar in
        tagen, zahlungsziel tage netto
        | conditions de paiement, conditions de reglement, condition de paiement, delai de
        reglement, echeance jours, modalites de paiement, delai paiement
        | condiciones de pago, forma de pago plazo, plazo pago, terminos de pago, dias de credito,
        condicion de pago
        | condicoes de pagamento, condicao de pagamento, prazo pagamento, dias para pagamento, prazo
        em dias
        | condizioni di pagamento, termini pagamento, condizione di pagamento, pagamento a giorni,
        gg pagamento
        | betalingstermijn, betaaltermijn, betalingsvoorwaarden, betalingscondities,
        betalningsvillkor, betalningstid, betalingsbetingelser, betalingsfrist, betalingsvilkar,
        kredittid, kredittdager, maksuehto, maksuaika
        | termin platnosci dni, warunki platnosci
        | 支払条件, 支払サイト, 付款条件""",
    "notes": """
        notes, note, comments, comment, remarks, remark, memo, internal notes, message
        | notizen, notiz, bemerkung, bemerkungen, anmerkung, anmerkungen, kommentar, hinweis
        | remarque, remarques, commentaire, commentaires, observations
        | notas, nota, comentarios, comentario, observaciones
        | observacoes, observacao
        | osservazioni, commenti, commento, annotazioni
        | special instructions, additional notes, additional comments, other comments,
        additional information, anything else, customer notes, deal notes
        | sonstiges, zusatz | note interne, autres informations, precisions | observacion,
        nota interna | notas internas, obs
        | note interne, osservazione, annotazione | opmerkingen, opmerking, notitie,
        notities | anteckningar, anteckning, kommentarer, bemaerkninger,
        bemerkninger, merknad,
        huomautukset, lisatiedot
        | uwagi | 備考, メモ, コメント, 注記, 备注""",
    "stripe_invoice_id": """
        stripe invoice id, stripe invoice, stripe id, stripe invoice number""",
    "po_amount": """
        po amount, po total, po value, authorized amount, authorised amount,
        purchase order amount,
        purchase order total, purchase order value, po limit, approved amount, not to exceed
        | bestellwert, bestellsumme, freigegebener betrag
        | montant du bon de commande, montant autorise
        | importe autorizado, monto autorizado, importe de la orden de compra
        | valor autorizado, valor da ordem de compra
        | importo autorizzato, importo ordine
        | po amount total, approved po amount | inkooporderbedrag | 発注金額""",
    "tax_rate": """
        tax rate, tax rates, vat rate, gst rate, sales tax rate, tax code
        | steuersatz, mwst satz, ust satz, umsatzsteuersatz, steuerkennzeichen
        | taux de tva, taux tva | tipo de iva, tipo iva | taxa de iva, taxa iva
        | aliquota iva, aliquota
        | tax percent | btw tarief, btw percentage, momssats, mva sats, momsprocent | 税率""",
    "tax_id": """
        tax id, tax id number, tax number, vat id, vat number, vat no, vat registration number, gst
        number, gstin, abn, ein, sponsor tax id
        | ust id, ust id nr, ust idnr, ustid, umsatzsteuer id, uid, uid nummer, uid nr
        | numero de tva, numero tva, n tva, no tva, tva intracommunautaire
        | nif iva, numero de iva
        | numero de contribuinte
        | partita iva, p iva
        | vat id number, vat identification number, vat reg no, company vat number, tax
        identification number, tin, vat registration, vat number if applicable, vat id nr
        | umsatzsteuer identifikationsnummer, ust identnr, ust nr, steuernummer, umsatzsteuer idnr
        | n de tva, no de tva, n tva intracommunautaire, numero de tva intracommunautaire, n de tva
        intracommunautaire, siret tva
        | cif, nif, cif nif, nif cif, rfc, n iva, num iva, contribuinte, n contribuinte, cnpj, nipc
        | partita iva codice fiscale, codice fiscale, cod fiscale, p iva cf
        | btw nummer, btw nr, kvk btw, momsregistreringsnummer, momsnummer, vat nummer, org nr moms,
        cvr nummer, mva nummer, alv numero
        | nip
        | 登録番号, 適格請求書番号""",
    "language": """
        language, invoice language, preferred language, locale
        | sprache, rechnungssprache | langue, langue de facturation | idioma | lingua
        | taal, sprak, sprog, 言語""",
    "service_start": """
        service start, service period start, period start, service from
        | leistungsbeginn, leistungszeitraum von | debut de prestation""",
    "service_end": """
        service end, service period end, period end, service until
        | leistungsende, leistungszeitraum bis | fin de prestation""",
    "payment_methods": """
        payment methods, ways to pay, allowed payment methods
        | zahlungsarten, zahlungsmittel | moyens de paiement""",
    "delivery": """
        invoice delivery, delivered by, invoice sent by
        | rechnungszustellung, zustellung durch | mode d envoi de la facture""",
    "buyer_reference": """
        buyer reference, leitweg id, leitwegid, routing id
        | leitweg, kaufer referenz | reference acheteur, code service | referencia del comprador
        | riferimento acquirente, codice univoco ufficio | kopersreferentie""",
    "e_invoice_address": """
        e invoice address, einvoice address, peppol id, peppol address, electronic address,
        peppol endpoint
        | elektronische adresse, e rechnungsadresse | adresse electronique de facturation
        | direccion de factura electronica""",
    "e_invoice_format": """
        e invoice format, einvoice format, electronic invoice format
        | e rechnungsformat, rechnungsformat | format de facture electronique""",
    "contact_phone": """
        contact phone, phone, phone number, phone no, telephone, telephone number, telephone no,
        tel, tel no, tel number, contact phone number, contact telephone, contact number, business
        phone, work phone, office phone, mobile, mobile phone, mobile number, cell phone, cell
        | telefon, telefonnummer, telefon nr, tel nr, telefonnr, rufnummer, handy, handynummer,
        mobil, mobiltelefon, kontakttelefon
        | numero de telephone, n de telephone, tel portable, portable, telephone du contact
        | telefono, numero de telefono, tfno, telefono de contacto, movil
        | telefone, numero de telefone, telemovel, celular, telefone de contato
        | numero di telefono, recapito telefonico, cellulare
        | telefoonnummer, telefoon, tel nummer, mobiele nummer
        | mobilnummer, telefonnumer, puhelin, puhelinnumero, mobiltelefonnummer
        | numer telefonu, nr telefonu, telefon kontaktowy
        | 電話番号, 電話, 携帯番号, ご連絡先電話番号, 电话""",
    "cc_emails": """
        cc emails, cc, cc email, cc e mail, cc e mails, cc address, cc addresses, cc email address,
        cc email addresses, email cc, e mail cc, emails cc, invoice cc, copy to, additional emails,
        additional email, additional email addresses, other emails, further emails
        | kopie an, in kopie, e mail kopie, weitere e mail adressen, weitere e mails
        | copie a, en copie, e mail en copie, autres e mails
        | con copia, con copia a, copia a, correo en copia, otros correos
        | com copia, com copia para, e mails adicionais
        | in copia, in copia a, copia conoscenza, altre e mail
        | kopie aan, in cc, extra e mailadressen
        | kopia till, kopi til, kopio
        | kopia do, do wiadomosci | cc宛先, 写し, ccメールアドレス""",
}


@lru_cache(maxsize=8192)
def fold(header: str) -> str:
    """Fold a header for comparison: no case, accents, punctuation or double spaces."""
    text = unicodedata.normalize("NFKD", header.replace("№", "no").casefold())
    text = "".join(c for c in text if not unicodedata.combining(c))
    text = text.translate(_LETTERS)
    return " ".join(re.sub(r"[\W_]+", " ", text).split())


_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "\u0131": "i"})
_NUMBER_OF = re.compile(r"^(?:n o|no|n|num|nro|nr) (?=(?:de|do|da|di|d) )")
"""``Nº do pedido`` and ``N. di ordine``, folded."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_REMARK = re.compile(r"[(\[\uff08\u3010][^()\[\]\uff09\u3011]*[)\]\uff09\u3011]")

NAMES: dict[str, tuple[str, int]] = {}
"""Folded header → canonical field, and its rank among that field's names (0 is best)."""

for _field in FIELDS:
    NAMES[fold(_field)] = (_field, 0)
for _field, _names in _SYNONYMS.items():
    for _rank, _name in enumerate(_names.replace("|", ",").split(","), 1):
        NAMES.setdefault(fold(_name), (_field, _rank))
NAMES.pop("", None)

_JOINED = {name.replace(" ", ""): found for name, found in reversed(NAMES.items()) if len(name) > 3}
"""The names without spaces, as programs write them: ``unitprice``."""

_OPTIONAL = frozenset(
    """
    optional required mandatory if any applicable you have one known available leave blank none or
    not the a is there it needed please pflichtfeld freiwillig falls vorhanden wenn si obligatoire
    facultatif vous en avez un obligatorio opcional lo tiene se houver obrigatorio obbligatorio
    facoltativo disponibile verplicht optioneel indien van toepassing eventueel valfritt om finns
    valgfri valgfritt hvis relevant utc gmt 任意 必須
    """.split()
)


def spoken(header: str) -> str:
    """Return a header folded, with camel case opened: ``*ItemAmount`` → ``item amount``."""
    return fold(_CAMEL.sub(" ", header))


def remarks(header: str) -> list[str]:
    """Return what stands in brackets in a header, beside ``(column D)``."""
    found = [one[1:-1].strip() for one in _REMARK.findall(header)]
    return [one for one in found if not re.fullmatch(r"column [A-Z]+", one)]


@lru_cache(maxsize=8192)
def field_of(header: str) -> tuple[str, int] | None:
    """Return the canonical field a header names, and how far down its list of names it stands.

    Only a name that is known as a whole counts, beside its currency and remarks such as
    ``(optional)``; a header that merely contains one is :func:`like` it.
    """
    if len(header) > 100:
        return None
    for text in (header, _REMARK.sub(" ", header)):
        if text is not header and not all(_is_ornament(one) for one in remarks(header)):
            continue
        folded = fold(text)
        numbered = _NUMBER_OF.sub("numero ", folded)
        for name in (folded, spoken(text), _without_currency(text), numbered):
            found = NAMES.get(name) or _JOINED.get(name.replace(" ", ""))
            if found:
                return found
    return None


def _is_ornament(remark: str) -> bool:
    words = fold(remark).split()
    return set(words) <= _OPTIONAL or bool(sign_currencies(remark))


def _without_currency(header: str) -> str:
    """Return a header folded, without the currency it ends or begins with."""
    kept = [w for w in re.split(r"[\s_]+", header) if not sign_currencies(w.strip("()[]{}:,.*"))]
    words = fold(" ".join(kept)).split()
    if words and words[-1] == "in":
        words.pop()
    folded = fold(header).split()
    if len(words) == len(folded):
        for at in (0, -1):
            if len(folded) > 1 and folded[at] in CURRENCIES:
                words = folded[1:] if at == 0 else folded[:-1]
        if words and words[-1] == "in":
            words.pop()
    return " ".join(words)


CORES = {
    "organization_name": """organization organisation company sponsor customer client firma
        unternehmen entreprise societe empresa patrocinador azienda societa bedrijf foretag
        virksomhed bedrift organisatie exhibitor kunde kund 会社 企業 団体 社名""",
    "contact_email": "email mail courriel correo epost メール 邮",
    "po_number": """po purchase order oc bdc ordernummer ordrenummer auftragsnummer bestellnummer
        bestellung bestell commande cde compra
        encomenda pedido orden ordine inkooporder inkoop ordre tilaus zamowienie zamowienia
        reference referenz referentie kenmerk referencia referens
        riferimento referanse ordernr orderno ordrenr bestnr bestelnr bestelnummer bestilling
        bestallning 発注 注文""",
    "quantity": """quantity qty units menge anzahl quantite qte cantidad quantidade quantita
        aantal antal antall 数量 count""",
    "unit_price": """price rate preis prix tarif precio preco prezzo prijs pris stuckpreis
        einzelpreis unit 単価 価格""",
    "amount": """amount total sum value fee cost betrag summe montant total
        somme importe monto
        valor importo totale bedrag totaal belopp belob belop summa 金額 合計 price revenue
        gesamtbetrag gesamt""",
    "currency": "currency wahrung devise moneda moeda valuta munt 通貨 货币",
    "due_date": """due deadline payable fallig falligkeit echeance vencimiento
        vencimento scadenza
        vervaldatum forfallodatum forfallsdato forfaldsdato 期限 期日""",
    "days_until_due": """terms term within zahlungsziel zahlbar innerhalb binnen delai plazo prazo
        betalingstermijn 支払条件""",
    "description": """description item package level tier product sponsorship
        bezeichnung paket
        leistung designation libelle formule descripcion concepto paquete descricao pacote
        descrizione pacchetto omschrijving pakket beskrivning beskrivelse 品名 内容 プラン""",
    "contact_name": "contact attention ansprechpartner interlocuteur contacto referente 担当",
    "notes": "notes comments bemerkung remarque observaciones osservazioni opmerkingen 備考",
}
"""Words that make a header like a field without naming it for certain."""
_CORES = {name: frozenset(map(fold, words.split())) for name, words in CORES.items()}


def like(header: str) -> set[str]:
    """Return the fields that a header may mean: it contains a word for each."""
    folded = spoken(header)
    tokens = set(folded.split()) | set(fold(header).split())
    found = set()
    for name, words in _CORES.items():
        wide = [word for word in words if not word.isascii() and word in folded]
        if tokens & words or wide:
            found.add(name)
    return found


def header_currencies(header: str) -> frozenset[str] | None:
    """Return what currencies a header such as ``Amount (EUR)`` or ``Betrag in ¥`` can mean.

    None when it names none.
    """
    text = unicodedata.normalize("NFC", header)
    words = re.split(r"[\s()\[\]{}:/,_\uff08\uff09-]+", text)
    after_in = {b for a, b in pairwise(words) if a.lower() in _IN}
    in_remark = {word for one in remarks(text) for word in re.split(r"\W+", one)}
    for word in words:
        lower = word.strip(".*").lower()
        if lower in CURRENCIES:
            last = word == words[-1] and len(words) > 1
            if word.isupper() or word in after_in or word in in_remark or (last and word.islower()):
                return frozenset({lower})
        elif lower and (lower in _CURRENCY_WORDS or not lower.isalnum() or word in after_in):
            found = sign_currencies(word) or sign_currencies(lower)
            if found:
                return found
        elif lower and word in in_remark and sign_currencies(word):
            return sign_currencies(word)
    return next((sign_currencies(c) for c in text if unicodedata.category(c) == "Sc"), None)


def currency_of(header: str) -> str:
    """Return the one currency a header such as ``Amount (EUR)`` names, or ``""``."""
    meant = header_currencies(header) or frozenset()
    return next(iter(meant)) if len(meant) == 1 else ""


_TITLE_CUES = frozenset(
    map(
        fold,
        """amount amounts price prices all figures values currency in invoiced billed betrag
        beträge
        betraege preise alle währung waehrung werte montants montant prix devise tous importes
        importe precios moneda valores moeda preços valuta importi prezzi tutti bedragen alle
        prijzen
        belopp priser valuutta beløb kwoty waluta 金額 通貨 単位""".split(),
    )
)
_ENGLISH = frozenset("all top try cup mad mop pen sos ron gel bam bob cop ars lak mur".split())


@lru_cache(maxsize=8192)
def text_currency(title: str) -> tuple[frozenset[str] | None, bool]:
    """Return what currencies a text beside a table can mean, and whether it says so plainly."""
    words = re.sub(r"[/();:,=|]", " ", title).split()
    cue = not _TITLE_CUES.isdisjoint(fold(title).split()) or "単位" in title
    for word in words:
        code = word.strip(".,:;*").lower()
        if code in CURRENCIES and word.strip(".,:;*").isupper() and (code not in _ENGLISH):
            return frozenset({code}), cue
    bare = [word.strip(".,:;*").lower() for word in words]
    for text in (*map(" ".join, pairwise(bare)), *bare):
        meant = sign_currencies(text)
        if meant and (" " in text or text in _SPELLED or not text[0].isalpha() or "$" in text):
            return meant, cue
    signs = [c for c in title if unicodedata.category(c) == "Sc"]
    return (sign_currencies(signs[0]), cue and len(title) < 60) if signs else (None, False)


_SPELLED = frozenset(
    "euro euros dollar dollars pounds sterling yen francs franken kronor kroner rupees zloty yuan"
    " reais 円 日本円 人民币".split()
)


_IN = frozenset(
    {"in", "en", "em", "i", "in:", "currency", "wahrung", "währung", "devise", "valuta"}
)
_CURRENCY_WORDS = frozenset(
    "euro euros dollars yen pounds sterling kronor kroner francs franken 円 usd zł kč".split()
)

_MINOR_UNITS = re.compile(r"\b(?:cents?|pence|centimes|centavos|ore|minor units?|subunits?)\b")


def in_hundredths(header: str) -> bool:
    """Tell whether a column of amounts is called by minor units: ``amount_cents``."""
    return "¢" in header or _MINOR_UNITS.search(spoken(header)) is not None


_SCALE = re.compile(
    r"\bthousands?\b|\bmillions?\b|(?<![\d.,])['\u2019]?000s?\b(?![\d.,])|\b[kt] ?(?:€|\$|£)|"
    r"(?:€|\$|£) ?[kKmM]\b|"
    r"\bt(?:eur|usd|chf|sek|nok|dkk)\b|\bk(?:eur|usd|chf|gbp|sek|nok|dkk)\b|\btsd\b|\btausend\b|"
    r"\bmilliers?\b|\bmiles\b|\bmilhares\b|\bmigliaia\b|\bduizend(?:en)?\b|\btusen\b|\btusind\b|"
    r"\bmio\b|\bmeur\b|千円|万円|百万円|\bin 1[.,\u2019']?000\b|x ?1[.,\u2019']?000\b",
    re.IGNORECASE,
)


def scaled(text: str) -> str:
    """Return the words that say that amounts are in thousands or millions, or ``""``."""
    found = _SCALE.search(text)
    return found[0].strip() if found else ""


def recognized(cells: Iterable[Cell]) -> int:
    """Count the different fields that a row of headers names."""
    found = {field_of(c) for c in cells if isinstance(c, str) and c.strip() and len(c) < 100}
    return len({f[0] for f in found if f})


def _words(text: str) -> frozenset[str]:
    return frozenset(map(fold, text.split()))


MONEY_MARKS = _words(
    """
    discount rebate tax taxes vat gst hst pst shipping freight credit credits deposit prepaid
    prepayment advance paid balance gross net refund refunded surcharge adjustment commission fee
    fees outstanding retainer coupon voucher markdown withholding handling owed received payment
    disc promo less off reduction deduction deducted deductions charges charge postage tip tds wht
    irpf qst kickback remaining rab rbt provision porto einbehalt restbetrag retenue restant
    retencion retencao retenzione scont dcto trattenuta forskud upust prowizja rabatt skonto
    nachlass mwst ust steuer umsatzsteuer mehrwertsteuer versand versandkosten fracht gutschrift
    anzahlung bezahlt offen saldo brutto netto guthaben vorauszahlung zuschlag gezahlt remise rabais
    escompte reduction tva taxe taxes livraison frais avoir acompte paye payee regle solde brut ht
    ttc port arrhes verse descuento dto impuesto impuestos iva envio portes credito deposito
    anticipo pagado saldo bruto neto abono abonado recargo igic desconto imposto impostos frete
    sinal pago saldo bruto liquido adiantamento acrescimo sconto imposta imposte spedizione acconto
    pagato lordo netto trasporto caparra ritenuta korting btw verzendkosten verzending aanbetaling
    betaald voorschot bruto moms mva frakt forskott betalt saldo brutto fradrag rabat depositum
    betald avdrag gebyr levering alennus alv toimituskulut maksettu rabat znizka podatek zaliczka
    zaplacono brutto netto exchange fx wechselkurs kurs cambio wisselkoers valutakurs instalment
    instalments installment installments raten ratenzahlung cuotas parcelas termijnen mensualites
    invoiced billed fakturiert abgerechnet facturee facturado facturada faturado fatturato
    gefactureerd fakturerad faktureret fakturert 請求済
    """
)
"""Words of columns that change what is owed, or say that some of it was paid."""
IN_KIND = (
    "in kind", "inkind", "sachleistung", "sachspende", "sachsponsor", "en nature", "en especie",
    "em especie", "in natura", "naturalleistung", "naturalia", "barter", "現物",
)  # fmt: skip
MONEY_STEMS = (
    *IN_KIND,
    "rabatt", "skonto", "mwst", "steuer", "versand", "anzahlung", "gutschrift", "verzend",
    "korting", "discount", "割引", "値引", "消費税", "税額", "送料", "前金", "内金", "入金", "残高",
    "税込", "税抜", "手数料", "手付", "前払", "源泉",
    "early bird", "已付", "折扣", "税", "frakt", "brutto", "betald", "invoice sent",
    "rechnung gestellt", "rechnung gesendet", "facture envoyee", "factura enviada",
    "fatura enviada", "fattura inviata", "factuur verzonden", "faktura skickad", "taux de change",
)  # fmt: skip
ALREADY = _words(
    """
    paid prepaid deposit discount tax vat gst refund refunded credit balance received settled
    bezahlt anzahlung rabatt skonto gezahlt paye payee acompte remise regle pagado anticipo
    descuento abonado pago sinal desconto pagato acconto sconto betaald aanbetaling korting betald
    betalt forskott rabat 入金 割引 invoiced billed fakturiert abgerechnet facturee facturado
    facturada faturado fatturato gefactureerd fakturerad faktureret fakturert 請求済 sent gestellt
    gesendet envoyee enviada inviata verzonden skickad
    """
)
"""Of these, words whose cells matter also when they are texts: ``Paid: yes``."""

_TAKEN_OFF = """discount rebate coupon voucher markdown disc promo less deduction withholding wht
    tds irpf rab rbt upust retenue retencion ritenuta 源泉 rabat skonto nachlass remise rabais
    escompte
    reduction descuento dto descont sconto korting avdrag fradrag alennus znizka 割引 値引 折扣
    """.split()
_ADDED = """shipping freight surcharge handling delivery fee fees versand fracht zuschlag livraison
    frais port envio portes recargo frete acrescimo spedizione trasporto verzend frakt levering
    gebyr toimituskulut 送料 手数料 tax taxes vat gst hst pst mwst ust steuer tva taxe impuesto iva
    igic imposto imposta btw moms mva alv podatek 消費税 税額 税
    """.split()
_EITHER = """credit credits deposit advance adjustment retainer gutschrift anzahlung guthaben avoir
    acompte arrhes credito deposito anticipo abono sinal adiantamento acconto caparra aanbetaling
    voorschot forskott forskud depositum zaliczka 前金 内金 手付 前払
    """.split()


@lru_cache(maxsize=8192)
def line_signs(header: str) -> str:
    """Return how a column beside the amount can be billed as a separate line.

    Returns:
        ``-`` where it is called a discount, ``+`` where it is called shipping, a fee or a tax,
        ``-+`` for a deposit or credit, which can be either; else ``""``.
    """
    folded = spoken(header)
    words = set(folded.split()) | set(fold(header).split())
    for signs, names in (("-", _TAKEN_OFF), ("-+", _EITHER), ("+", _ADDED)):
        if any(
            name in words or ((len(name) > 4 or not name.isascii()) and name in folded)
            for name in names
        ):
            return signs
    return ""


@lru_cache(maxsize=8192)
def is_taken_off(description: str) -> bool:
    """Tell whether a line is called a discount, credit or deposit: ``Early bird discount``."""
    words = [word for word in fold(description).split() if not word.isdigit()]
    ends = {*words[:1], *words[-1:]} - {"promo", "disc", "advance"}
    return len(description) < 50 and any(line_signs(word)[:1] == "-" for word in ends)


NO = frozenset(
    """no none n false nein nicht falsch non faux não nao nee nej nei ei nie unpaid pending open
    offen unbezahlt impayé impagado pendiente não\xa0pago niet\xa0betaald obetald 未 未払 いいえ
    ☐ ✗ ✘
    """.split()
)
"""What a cell says where there is none: no discount, no payment, not to be billed."""
YES = frozenset(
    fold(word) for word in "yes y true t ja j wahr oui vrai si sim sì tak kylla はい".split()
)


def is_other_money(header: str) -> bool:
    """Tell whether a column says what was paid already, or what a line beside the amount costs.

    Such a column means something even where it repeats the amount: ``Paid: 1000``.
    """
    words = set(spoken(header).split()) | set(fold(header).split())
    if words & (ALREADY - _OF_THE_AMOUNT):
        return True
    return bool(line_signs(header)) and not words & _OF_THE_AMOUNT


_OF_THE_AMOUNT = _words(
    """
    balance tax vat gst mwst ust steuer tva taxe impuesto iva imposto imposta btw moms mva alv
    total gross net incl including inklusive inkl after brutto netto gesamt summe sum ttc ht
    """
)
"""Words of columns that hold the amount once more, with or without tax."""

HARMLESS = _words(
    """
    id ids no nr number num numero nummer code zip postcode postal plz cap cep phone telephone tel
    telefon telefono telefone telephone fax mobile cell handy portable movil date day month created
    modified updated timestamp rank age row ref reference referenz account iban bic swift konto
    siret siren ein duns website url web domain employees employee followers probability index
    zeitstempel horodateur record stage owner industry latitude longitude booth stand table uuid
    guid key telefonnummer postleitzahl datum fecha data dato 電話 番号 日付 郵便番号 jahr year
    annee ano anno founded week quarter hall floor zone room aisle version edition halle raum
    kostenstelle center centre gl sku class
    """
)
"""Words of columns whose numbers are no amounts: ids, telephones, dates."""

COUNTS = _words(
    """
    pass passes ticket tickets badge badges seat seats people persons person attendees guests
    delegates participants staff headcount team members employees logos banners slots talks sessions
    speakers minutes hours tables chairs size score rating priority position sequence level tier
    rooms nights vouchers codes lanyards bags shirts m2 sqm qm plätze personen karten teilnehmer
    mitarbeiter gäste ausweise billets places personnes participants invitations entradas pases
    personas asistentes plazas bilhetes ingressos pessoas convidados biglietti persone posti
    partecipanti kaartjes toegang deelnemers biljetter deltagare billetter deltakere deltagere
    bilety osoby miejsca 人数 チケット 席
    """
)
"""Words of columns whose small whole numbers are counts that change no amount: passes, seats."""

QUANTITY_STARTS = ("number of", "no of", "nr of", "anzahl", "nombre de", "numero de", "numero di",
    "n of", "aantal", "antal", "antall", "how many", "count of", "cantidad",
    "quantidade")  # fmt: skip

OTHER_PEOPLE = _words(
    """
    owner rep representative manager assigned created salesperson sales seller vendor coordinator
    organizer organiser our internal modified submitter respondent besitzer zustandig proprietaire
    responsable propietario responsabile eigenaar agent
    """
)
"""Words of columns that hold people of the conference, or whoever filled a form in."""

TOTALS = frozenset(
    "total totals sum gesamt gesamtbetrag gesamtsumme summe somme suma soma totale totaal totalt"
    " summa yhteensa razem 合計 総計".split()
)
"""Words of a column that may hold the sum of several lines."""
TOTAL_WORDS = frozenset(
    fold(word)
    for word in """
    total,totals,grand total,grand totals,sub total,sub totals,subtotal,subtotals,sum,sums, overall
    total,total amount,total due,sum total,total general,amount due,balance due,
    gesamt,gesamtsumme,gesamtbetrag,summe,zwischensumme,endsumme,summen,nettosumme, rechnungsbetrag,
    totaux,sous total,somme,montant total,total ht,total ttc, suma,subtotal general,total
    geral,soma,sumas,importe total,valor total, totale,totale generale,somma,subtotale,totali,totale
    complessivo, totaal,subtotaal,eindtotaal,totalt,summa,delsumma,totalsumma,delsum,i alt,ialt,sum
    totalt, yhteensa,valisumma,razem,suma calkowita,合計,小計,総計,合计,总计,total net,net
    total,gross total
    """.replace("\n", "").split(",")
)
"""Words that begin a totals row, folded."""
TOTAL_STARTS = tuple(
    f"{word} "
    for word in "total totals grand subtotal sum summe gesamt gesamtsumme zwischensumme totale "
    "suma "
    "somme totaal totalt sous subtotaal delsumma subtotale".split()
)


_PLAIN = re.compile(
    r"[a-z0-9]+(?:[._+-][a-z0-9]+)*@(?:[a-z0-9]+(?:-+[a-z0-9]+)*\.)+[a-z]{2,}", re.IGNORECASE
)
"""What most addresses look like; the rest is for the thorough and slow check."""

_NO_MAIL = frozenset({"invalid", "local", "localhost", "onion", "arpa", "internal", "home", "lan"})
_FOUND = re.compile(r"[^\s<>()\[\]\"',;:|/\\@]+@[^\s<>()\[\]\"',;:|/\\@]+")
_BETWEEN = re.compile(
    r"[\s,;|/&+<>()\[\]\"']*(?:(?:and|or|und|oder|et|ou|y|o|e|cc|bcc|en|of|och|og|to|email|e-mail|mail)"
    r"[:.\s]*)*[\s,;|/&+<>()\[\]\"'.]*",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"[^<>()\[\];,|@\n]*[<(\[]\s*([^\s<>()\[\]@]+@[^\s<>()\[\]@]+?)\s*[>)\]]",
)
_BRACKETED = re.compile(
    r"[<(\[]\s*(?:mailto:)?([^\s<>()\[\]@]+@[^\s<>()\[\]@]+?)\s*[>)\]]", re.IGNORECASE
)


_PERSON = r"[^\W\d_][^@<>()\[\]|:;,\u2013\u2014]*?"
_MARKED = r"\s*(?:\s[-\u2013\u2014/]\s|[|:\n])\s*"
_NAMED_BEFORE = re.compile(rf"\s*{_PERSON}{_MARKED}({_FOUND.pattern})\s*")
_NAMED_AFTER = re.compile(rf"\s*({_FOUND.pattern}){_MARKED}{_PERSON}\s*")
"""``Bo Smith - bo@sponsor.example`` and the other way round."""


_LONGEST_ADDRESSES = 4000
"""Characters of a cell with addresses: a dozen of the longest that can be, with names."""


def addresses(text: str) -> list[str]:
    """Return the addresses in a cell, the first one being the one to write to.

    Takes several addresses, ``Last, First <address>``, ``First Last (address)`` and ``mailto:``.

    Raises:
        ValueError: One of them cannot be written to; the message says why.
    """
    if len(text) > _LONGEST_ADDRESSES:  # searching it takes the square of its length
        raise ValueError("this is not an email address; write one like ap@sponsor.com.")
    if _PLAIN.fullmatch(text) and _mailable(text):
        return [text]
    text = re.sub(r"mailto:", " ", text, flags=re.IGNORECASE)
    rest = text
    found: list[str] = []
    if _BRACKETED.search(text):
        # What stands before an address in brackets is a name, unless it holds an address too.
        found = _BRACKETED.findall(text)
        rest = ""
        if "@" in _BRACKETED.sub(" ", text):
            rest = _NAMED.sub(r" \1 ", text)
    if named := _NAMED_BEFORE.fullmatch(rest) or _NAMED_AFTER.fullmatch(rest):
        found, rest = [named[1]], ""
    if rest:
        found = _FOUND.findall(rest)
        if not _BETWEEN.fullmatch(_FOUND.sub(" ", rest)):
            found = []
    if not found:
        _one(text.strip())
        raise ValueError("this is not an email address; write one like ap@sponsor.com.")
    return list(dict.fromkeys(_one(one.strip(".").strip()) for one in found))


def _one(text: str) -> str:
    try:
        return validate_email(text, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        _refuse_address(text)


def _refuse_address(text: str) -> NoReturn:
    local, sign, domain = text.rpartition("@")
    if not sign:
        raise ValueError("this email address has no @ sign; write one like ap@sponsor.com.")
    if "@" in local:
        raise ValueError("this email address has several @ signs; write one like ap@sponsor.com.")
    if re.search(r"\s", text):
        raise ValueError("this email address has a space in it; write one like ap@sponsor.com.")
    if "." not in domain.strip("."):
        raise ValueError("this email address has no ending; write one like ap@sponsor.com.")
    raise ValueError("this is not an email address; write one like ap@sponsor.com.")


def _mailable(text: str) -> bool:
    local, _, domain = text.rpartition("@")
    return (
        len(text) <= EMAIL_LENGTH
        and len(local) <= 64
        and domain.rpartition(".")[2].lower() not in _NO_MAIL
        and all(len(label) <= 63 for label in domain.split("."))
    )


_SPECIAL = {
    "exempt": "exempt", "tax exempt": "exempt", "vat exempt": "exempt", "steuerfrei": "exempt",
    "exonere": "exempt", "exento": "exempt", "isento": "exempt", "esente": "exempt",
    "reverse charge": "reverse_charge", "reverse": "reverse_charge", "rc": "reverse_charge",
    "autoliquidation": "reverse_charge", "steuerschuldnerschaft": "reverse_charge",
    "none": "none", "no tax": "none", "no vat": "none", "default": "default",
}  # fmt: skip
_PERCENT = re.compile(r"(\d{1,3}(?:[.,]\d+)?)\s*%?")


def tax_rate_names(text: str, rules: TaxRules) -> tuple[str, ...] | None:
    """Read which rates a line bears; None where it leaves that to the conference.

    Args:
        text: Names of rates, percentages, ``exempt``, ``reverse charge`` or ``none``; several
            with ``+`` between them.
        rules: The conference's rates.

    Raises:
        ValueError: A rate is not the conference's, or two have this percentage.
    """
    parts = [part.strip() for part in re.split(r"[+;&]", text)]
    if not any(parts):
        return None
    names = [_rate_name(part, rules) for part in parts]
    alone = [name for name in names if name in _SPECIAL.values()]
    if (alone and len(names) > 1) or len(set(names)) < len(names):
        raise ValueError(
            f"{text!r} cannot be read as tax rates; name each rate once, or write a single word."
        )
    return tuple(names)


def _rate_name(part: str, rules: TaxRules) -> str:
    folded = fold(part)
    if folded in _SPECIAL:
        return _SPECIAL[folded]
    by_name = {fold(name): name for name in rules.rates}
    if folded in by_name:
        return by_name[folded]
    found = _by_percentage(part, rules)
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{name} ({rate.percentage} %)" for name, rate in rules.rates.items())
    if found:
        raise ValueError(
            f"{part!r} is the percentage of several rates; write a name: {', '.join(found)}."
        )
    raise ValueError(
        f"the conference has no tax rate {part!r}; it has: {known or 'none'}. Write one of them, "
        f"exempt, reverse charge or none."
    )


def _by_percentage(part: str, rules: TaxRules) -> list[str]:
    """A cell formatted as per cent holds 0.19 for 19 %."""
    match = _PERCENT.fullmatch(part)
    if match is None:
        return []
    try:
        value = Decimal(match[1].replace(",", "."))
    except InvalidOperation:
        return []
    found = rules.by_percentage(value)
    if not found and not part.endswith("%") and value < 1:
        found = rules.by_percentage(value * 100)
    return found or (["none"] if value == 0 else [])


def tax_id_of(text: str) -> TaxId | None:
    """Read a tax id; one whose kind cannot be told has an empty type and the text as it came.

    Raises:
        ValueError: It has not its kind's form.
    """
    try:
        return read_tax_id(text)
    except UnknownTaxIdError:
        return TaxId("", " ".join(text.split()))


_LANGUAGES = {
    "en": "english englisch anglais ingles inglese",
    "de": "german deutsch allemand aleman alemao tedesco",
    "fr": "french franzosisch francais frances francese",
    "es": "spanish spanisch espagnol espanol espanhol spagnolo",
    "it": "italian italienisch italien italiano",
    "pt": "portuguese portugiesisch portugais portugues portoghese",
    "nl": "dutch niederlandisch neerlandais nederlands",
    "ja": "japanese japanisch japonais",
    "pl": "polish polnisch polonais polski",
    "sv": "swedish schwedisch suedois svenska",
}
_LANGUAGE_NAMED = {name: code for code, names in _LANGUAGES.items() for name in names.split()}
_LOCALE = re.compile(r"([a-z]{2,3})(?:[-_]([A-Za-z]{2,4}|\d{3}))?", re.IGNORECASE)


def locale_of(text: str) -> str:
    """Read a language such as ``German``, ``de`` or ``pt-BR``; empty for an empty cell.

    Raises:
        ValueError: It is no language that can be told.
    """
    if not text.strip():
        return ""
    named = _LANGUAGE_NAMED.get(fold(text))
    if named:
        return named
    match = _LOCALE.fullmatch(text.strip())
    if match is None:
        raise ValueError("write the language as two letters, such as de, or with a country: pt-BR.")
    return match[1].lower() + (f"-{match[2].upper()}" if match[2] else "")


def ways_to_pay(text: str) -> tuple[str, ...] | None:
    """Read ways to pay such as ``card, ACH``; None for an empty cell.

    Raises:
        ValueError: One of them is not known.
    """
    found = []
    for part in re.split(r"[,;/+&|\n]", text):
        if not part.strip():
            continue
        method = method_named(fold(part))
        if not method:
            raise ValueError(
                f"{part.strip()!r} is not a payment method that invoices offer; use one of "
                f"{', '.join(METHODS)}."
            )
        found.append(method)
    return tuple(dict.fromkeys(found)) or None


def delivery_of(text: str) -> str:
    """Read who delivers the invoice; empty for an empty cell.

    Raises:
        ValueError: It is neither Stripe nor ourselves.
    """
    if not text.strip():
        return ""
    way = way_named(fold(text))
    if not way:
        raise ValueError(
            f"{text.strip()!r} is not a delivery method; write stripe (Stripe emails the "
            f"invoice) or ourselves (you deliver it, for example through a vendor portal)."
        )
    return way


def electronic_address_of(text: str) -> str:
    """Read an electronic address with its scheme, such as ``0208:0123456789``.

    Raises:
        ValueError: It has no scheme.
    """
    plain = "".join(text.split())
    if plain and not re.fullmatch(r"[0-9A-Za-z]{2,4}:\S+", plain):
        raise ValueError(
            f"{text.strip()!r} is not an electronic address. Write the scheme first, such as "
            f"0208:0123456789 or EM:invoices@example.org."
        )
    scheme, mark, rest = plain.partition(":")
    return f"{scheme.upper()}{mark}{rest}"


def e_invoice_format_of(text: str) -> str:
    """Read the format of an e-invoice; empty for an empty cell.

    Raises:
        ValueError: There is no such format.
    """
    plain = re.sub(r"[\s_-]+", "-", text.strip().casefold()).replace("factur-x", "facturx")
    named = {"zugferd": "facturx", "peppol-bis": "peppol"}.get(plain, plain)
    if named and named not in FORMATS:
        raise ValueError(
            f"{text.strip()!r} is not an e-invoice format. Use one of: {', '.join(FORMATS)}."
        )
    return named


@dataclass(frozen=True, slots=True)
class Reading:
    """How this file's values are to be read.

    Attributes:
        decimals: The file's decimal mark, where it has one.
        dates: The file's order of day and month, where it needs one.
        currency: The conference's.
        today: The date in the conference's timezone.
        tax: The conference's rates.
        scale: What amounts are multiplied by: 1000 where they are in thousands.
        typed: Whether a person or a program gave each value for itself, not a spreadsheet.
    """

    decimals: Decimals | None
    dates: DayOrder | None
    currency: str
    today: date
    tax: TaxRules = field(default_factory=TaxRules)
    scale: int = 1
    typed: bool = False


Amount = tuple[Decimal, frozenset[str] | None]
"""A value in major units, and the currencies that the sign beside it can mean."""


def _wrong(code: str, message: str) -> PydanticCustomError:
    return PydanticCustomError(code, "{text}", {"text": message})


def _reader(read: Callable[[Cell, Reading], Any], *, required: bool = False) -> PlainValidator:
    """Read a cell in the file's habit; refuse one that holds an error, or nothing."""

    def validate(cell: Cell, info: ValidationInfo) -> Any:
        if isinstance(cell, CellError):
            raise _wrong("cell_error", f"the cell holds {cell.text}; put the value there.")
        if required and is_empty(cell):
            raise _wrong("required", "the cell is empty; every row needs a value here.")
        return read(cell, info.context)  # type: ignore[arg-type]  # read_cell always gives one

    return PlainValidator(validate)


def _text(limit: int, *, required: bool = False) -> PlainValidator:
    def read(cell: Cell, _reading: Reading) -> str:
        text = clean(text_of(cell))
        if len(text) > limit:
            raise _wrong("too_long", f"the text has {len(text)} characters; Stripe takes {limit}.")
        return text

    return _reader(read, required=required)


_QUOTED = re.compile(r"=?\"(.*)\"")
_TICKED = frozenset(
    "true false yes ja oui si sí sim tak kyllä vrai faux wahr falsch はい ✓".split()
)
_AS_A_SUM = re.compile(r"(\d+|\d{1,3}(?:,\d{3}){2,})(?:[.,]0{1,2})?")
"""A PO number that a spreadsheet program shows like a sum: ``4500012345.00``, ``4,500,012,345``."""
_TOO_NARROW = re.compile("#{2,}")
"""What a spreadsheet program shows, and copies, of a number in a column that is too narrow."""


def _po_text(text: str) -> str:
    """Return a PO number without what programs put around it: ``="00123"``, ``'00123``, ``45.0``.

    What only stands for a number, such as ``TBD`` or ``will follow``, is none: such rows share no
    purchase order. A number has a digit, is a code (``MKT-GOLD``), or has a ``'`` before it.
    """
    as_text = text.startswith("'")
    if found := _QUOTED.fullmatch(text):
        text = found[1].strip()
    if as_text:
        text = text[1:].strip()
    elif found := _AS_A_SUM.fullmatch(text):
        text = found[1].replace(",", "")
    if is_placeholder(text) or text.casefold() in _TICKED or (text and not text.strip("0")):
        return ""
    is_code = re.fullmatch(r"[A-Z]+([_/.-][A-Z]+)+", text)
    return text if as_text or is_code or any(map(str.isdigit, text)) else ""


_DOUBTFUL = re.compile(
    r"\d|\d{1,2}/\d{1,2}|\d{1,3}(?:[.,]\d{3})+|.*(?:@|://).*|.*\d{3}.*(?:[,;&+(\n]| / ).*\d{3}.*",
    re.DOTALL,
)
"""A row's number, a number with marks for thousands, an address, or several numbers."""
_REMARK_BEGINS = re.compile(
    r"(?:to|will|see|verbal|mündlich|oral|not?(?!\W*\d)|none|tb[dac]|pending|awaiting|waiting|siehe|"
    r"folgt|kommt|voir|suit|ver|vedi|zie|volgt|per|via|by|email|e-mail|mail|phone|ask)\b|"
    r"[^\W\d]{2,}(?: [^\W\d]{2,}){2,}\b",
    re.IGNORECASE,
)
"""How a remark begins that stands where a PO number should be: ``see email of 12 Nov``."""
_NUMBER_LABEL = re.compile(
    r"(?:(?:purchase|order|p\.?o|number|no|nr|num|ref(?:erence)?|bestellung|bestell(?:nummer|nr)?)"
    r"(?![^\W\d_])\W*)+",
    re.IGNORECASE,
)


@lru_cache(maxsize=8192)
def is_doubtful_number(text: str) -> bool:
    """Tell whether a PO number may be a remark, a row's number or a sum: ``1``, ``4.500``."""
    number = "" if text.strip().startswith("'") else _po_text(clean(text))[:200]
    if not number or _DOUBTFUL.fullmatch(number):
        return bool(number)
    label = _NUMBER_LABEL.match(number)
    return _REMARK_BEGINS.match(number, label.end() if label else 0) is not None


_NAMED_NUMBER = re.compile(
    r"(?<![^\W_])(?:p\.?o\.?|purchase order|bestellung|bestell(?:nummer|-?nr\.?)|bdc|"
    r"bon de commande|orden de compra|ordem de compra|ordine(?: d['\u2019 ]acquisto)?|"
    r"inkooporder(?:nummer)?)(?:[\s.:#-]|(?:number|num|no|nr|n[°º])(?![^\W\d_]))*"
    r"(?=[\w/-]{0,60}\d[\w/-]{0,60}\d)[A-Za-z0-9][\w/-]{2,}",
    re.IGNORECASE,
)


@lru_cache(maxsize=8192)
def named_number(text: str) -> str:
    """Return the PO number that a text names: ``Please quote PO# 4500012345``; else ``""``."""
    found = _NAMED_NUMBER.search(text)
    return found[0] if found else ""


_LOOKALIKES = str.maketrans(
    "\u0430\u0432\u0435\u043a\u043c\u043d\u043e\u0440\u0441\u0442\u0443\u0445"
    "\u03b1\u03b2\u03b5\u03ba\u03bf\u03c1\u03c4\u03c5\u03c7oil"
    "\u2010\u2011\u2012\u2013\u2014\u2212",
    "abekmh0pctyxabek0ptyx011------",
)
"""Cyrillic and Greek letters, O, I and dashes, as what they are taken for."""
_NUMBER_BEGINS = re.compile(r"^(?:p\.?0\.?)?[\s#:.-]*0*|\s")
"""What one writes before a PO number and another does not."""


def looks_of(number: str) -> str:
    """Return what two PO numbers share that only look or begin alike: ``PO-00I0`` and ``#10``."""
    plain = unicodedata.normalize("NFKC", number).casefold().translate(_LOOKALIKES)
    return _NUMBER_BEGINS.sub("", plain)


def is_no_number(text: str) -> bool:
    """Tell whether a cell only stands for a PO number, such as ``TBD`` or a ticked box."""
    return bool(text.strip()) and not _po_text(clean(text))


def _organization(cell: Cell, _reading: Reading) -> str:
    text = re.sub(r"(?<=[^\s\]])\s*\(https?://[^()\s]*\)", "", clean(text_of(cell)))
    no_name = isinstance(cell, date | time | timedelta) or text in ("TRUE", "FALSE")
    if not text or no_name or (is_placeholder(text) and len(text) > 1):
        raise _wrong("required", "there is no name in this cell; every row needs one.")
    if len(text) > stripe_limits.NAME_LENGTH:
        limit = stripe_limits.NAME_LENGTH
        raise _wrong("too_long", f"the text has {len(text)} characters; Stripe takes {limit}.")
    return text


_ROUNDED = re.compile(r"\d([.,]\d+)?[eE]\+\d+")


def _number_text(cell: Cell, reading: Reading) -> str:
    """A PO number is text: leading zeros and all."""
    if isinstance(cell, date | time | timedelta):
        raise _wrong(
            "digits_lost",
            "the spreadsheet program made a date of this number; format the cell as text and "
            "type it again.",
        )
    text = " ".join(clean(text_of(cell)).split())
    narrow = _TOO_NARROW.fullmatch(text)
    text = _po_text(f"'{text}" if reading.typed and text[:1] not in ("", "=", "'") else text)
    if (
        narrow
        or _ROUNDED.fullmatch(text)
        or (
            isinstance(cell, float)
            and not isinstance(cell, ShownNumber)
            and abs(cell) >= 10**EXACT_DIGITS
        )
    ):
        raise _wrong(
            "digits_lost",
            "the spreadsheet program rounded or cut this number; format the cell as text and type "
            "it again.",
        )
    if len(text) > stripe_limits.PO_NUMBER_LENGTH:
        limit = stripe_limits.PO_NUMBER_LENGTH
        raise _wrong("too_long", f"{len(text)} characters; an invoice shows {limit} at most.")
    return text


def _email(cell: Cell, _reading: Reading) -> list[str]:
    try:
        return addresses(clean(text_of(cell)))
    except ValueError as error:
        raise _wrong("email_invalid", str(error)) from None


def _further_emails(cell: Cell, _reading: Reading) -> str:
    text = clean(text_of(cell))
    if not text or is_placeholder(text):
        return ""
    return ", ".join(_email(cell, _reading))


def _amount(cell: Cell, reading: Reading) -> Amount | None:
    if is_empty(cell):
        return None
    written = written_amount(cell)
    if written is None:
        raise _wrong("amount_unreadable", "this is not an amount; write a number such as 1234.50.")
    value = written.read(reading.decimals)
    if value is None:
        mark = reading.decimals or "point or a comma"
        raise _wrong("amount_unreadable", f"this is not an amount with a decimal {mark}.")
    if reading.scale != 1 and in_thousands(cell):
        raise _wrong("amount_unreadable", "k already means thousands; write the whole amount.")
    return value * reading.scale if reading.scale != 1 else value, written.currencies


_DASH = re.compile(r"[-\u2013\u2014\s]*")


def _package(cell: Cell, reading: Reading) -> Amount | None:
    """A package that was not ordered is empty, a dash or zero."""
    if isinstance(cell, str) and _DASH.fullmatch(cell):
        return None
    amount = _amount(cell, reading)
    return amount if amount and amount[0] else None


def _count(cell: Cell) -> str:
    """Return the number of ``10 pcs`` or ``x 4``."""
    found = re.fullmatch(
        r"(?:x|\u00d7)?\s*(\d[\d.,]*)\s*(?:x|\u00d7|pcs?\.?|pieces?|units?|stk\.?|stück|stuks?|st\.?|ks|szt\.?|"
        r"u\.?|uds?\.?|un\.?|pz\.?|hrs?\.?|hours?|h|個|枚|口|件|名)?",
        text_of(cell).strip(),
        re.IGNORECASE,
    )
    return found[1] if found else ""


def _quantity(cell: Cell, reading: Reading) -> int:
    if is_empty(cell):
        return 1
    if isinstance(cell, ShownNumber) and cell.sign != "%":
        cell = float(cell)  # the same number without its currency
    written = written_amount(cell) or written_amount(_count(cell))
    value = written.read(reading.decimals) if written and written.currencies is None else None
    if value is None or value != value.to_integral_value() or value < 1:
        raise _wrong(
            "quantity_invalid",
            "a quantity is a whole number from 1; for a discount make the price negative.",
        )
    if value > stripe_limits.LARGEST_QUANTITY:
        most = stripe_limits.LARGEST_QUANTITY
        raise _wrong("quantity_invalid", f"a quantity can be {most:,} at most.")
    return int(value)


def _currency(cell: Cell, reading: Reading) -> str:
    text = clean(text_of(cell))
    if not text or text.lower() in CURRENCIES:
        return text.lower()
    meant = sign_currencies(text)
    if reading.currency in meant:
        return reading.currency
    if len(meant) == 1:
        return next(iter(meant))
    raise _wrong(
        "currency_unknown",
        "this is not a currency that Stripe takes; write a three-letter code such as usd.",
    )


_YEARS_AWAY = 10
"""A due date farther from today than this is a slip of the pen."""


def _date(cell: Cell, reading: Reading) -> date | None:
    if is_empty(cell) or (isinstance(cell, str) and is_placeholder(clean(cell))):
        return None
    written = written_date(cell, reading.today)
    value = written.read(reading.dates) if written else None
    if value is None and written is not None and written.ambiguous:
        days = " or ".join(day.isoformat() for day in sorted(written.readings))
        raise _wrong(
            "date_invalid",
            f"this can be {days}; write it like 2027-03-31, or choose the order of the file's "
            "dates.",
        )
    if value is None:
        raise _no_date(clean(text_of(cell)))
    if abs(value.year - reading.today.year) > _YEARS_AWAY:
        raise _wrong(
            "date_invalid", f"the year {value.year} is out of range; write a date like 2027-03-31."
        )
    return value


def _no_date(text: str) -> PydanticCustomError:
    """Say what a cell holds that is not a date, and what to write."""
    code = "date_invalid"
    if names_month(text):
        return _wrong(code, "this names a month without a day; write a date like 2027-03-31.")
    if looks_dated(text):
        return _wrong(code, "there is no such day; write a date like 2027-03-31.")
    with suppress(ValueError):
        days_of(text)
        return _wrong(
            code,
            "this is a payment term, not a date; write a date like 2027-03-31, or put the days "
            "into a column days_until_due.",
        )
    return _wrong(code, "this is not a date; write one like 2027-03-31.")


def _days(cell: Cell, reading: Reading) -> int | None:
    if written_date(cell, reading.today):
        raise _wrong(
            "days_invalid",
            "this is a date, not a number of days; put it into a column due_date, or write a whole "
            "number from 0 to 365.",
        )
    try:
        return days_of(clean(text_of(cell)))
    except ValueError as error:
        raise _wrong("days_invalid", str(error)) from None


_INVOICE_ID = re.compile(r"in_\w{1,250}", re.ASCII)


def _invoice_id(cell: Cell, _reading: Reading) -> str:
    text = clean(text_of(cell))
    if text and _INVOICE_ID.fullmatch(text) is None:
        raise _wrong(
            "invoice_id_invalid",
            "a Stripe invoice id begins with in_; copy it from the invoice's page at Stripe.",
        )
    return text


def _read_by(code: str, read: Callable[[str, Reading], Any]) -> PlainValidator:
    """Read a text by a function whose ValueError says what is wrong."""

    def cell_text(cell: Cell, reading: Reading) -> Any:
        try:
            return read(clean(text_of(cell)), reading)
        except ValueError as error:
            raise _wrong(code, str(error)) from None

    return _reader(cell_text)


_TAX_RATE = _read_by("tax_rate_unknown", lambda t, r: tax_rate_names(t, r.tax))
_TAX_ID = _read_by("tax_id_invalid", lambda t, _r: tax_id_of(t))
_LANGUAGE = _read_by("language_unknown", lambda t, _r: locale_of(t))
_DELIVERY = _read_by("delivery_unknown", lambda t, _r: delivery_of(t))
_E_INVOICE_ADDRESS = _read_by("e_invoice_address_invalid", lambda t, _r: electronic_address_of(t))
_E_INVOICE_FORMAT = _read_by("e_invoice_format_unknown", lambda t, _r: e_invoice_format_of(t))
_WAYS_TO_PAY = _read_by("payment_methods_unknown", lambda t, _r: ways_to_pay(t))


class Row(TypedDict, total=False):
    """The values of a row; each column that the file lacks is missing here too.

    ``package``, ``own_line`` and ``unknown`` stand for any number of columns that are no field.
    """

    organization_name: Annotated[str, _reader(_organization, required=True)]
    contact_name: Annotated[str, _text(stripe_limits.NAME_LENGTH)]
    contact_email: Annotated[list[str], _reader(_email, required=True)]
    billing_address: Annotated[str, _text(stripe_limits.TEXT_LENGTH)]
    po_number: Annotated[str, _reader(_number_text)]
    description: Annotated[str, _text(stripe_limits.LINE_DESCRIPTION_LENGTH, required=True)]
    quantity: Annotated[int, _reader(_quantity)]
    unit_price: Annotated[Amount | None, _reader(_amount)]
    amount: Annotated[Amount | None, _reader(_amount)]
    currency: Annotated[str, _reader(_currency)]
    due_date: Annotated[date | None, _reader(_date)]
    days_until_due: Annotated[int | None, _reader(_days)]
    notes: Annotated[str, _text(stripe_limits.TEXT_LENGTH)]
    stripe_invoice_id: Annotated[str, _reader(_invoice_id)]
    po_amount: Annotated[Amount | None, _reader(_amount)]
    tax_rate: Annotated[tuple[str, ...] | None, _TAX_RATE]
    tax_id: Annotated[TaxId | None, _TAX_ID]
    language: Annotated[str, _LANGUAGE]
    service_start: Annotated[date | None, _reader(_date)]
    service_end: Annotated[date | None, _reader(_date)]
    payment_methods: Annotated[tuple[str, ...] | None, _WAYS_TO_PAY]
    delivery: Annotated[str, _DELIVERY]
    buyer_reference: Annotated[str, _text(100)]
    e_invoice_address: Annotated[str, _E_INVOICE_ADDRESS]
    e_invoice_format: Annotated[str, _E_INVOICE_FORMAT]
    contact_phone: Annotated[str, _text(100)]
    cc_emails: Annotated[str, _reader(_further_emails)]
    package: Annotated[Amount | None, _reader(_package)]
    own_line: Annotated[Amount | None, _reader(_package)]
    unknown: Annotated[str, _text(stripe_limits.TEXT_LENGTH)]

"""What people call each column, in English, German, French, Spanish, Portuguese and Italian.

The first name that a file has wins, so a more exact one stands before a vaguer one.
"""

from __future__ import annotations

from po_toolkit.importers.headers import FIELDS, fold

_SYNONYMS = {
    "organization_name": """
        organization name, organisation name, organization, organisation, sponsor name, sponsor,
        sponsor company, company name, company, business name, legal name, customer name, customer,
        client name, client, account name, bill to name, billed to, exhibitor, exhibitor name,
        org, org name, firm, vendor name
        | firma, firmenname, unternehmen, organisationsname, sponsorname, kunde, kundenname,
        gesellschaft, aussteller, rechnungsempfanger, auftraggeber
        | organisme, nom de l organisation, nom de l organisme, entreprise, nom de l entreprise,
        societe, nom de la societe, raison sociale, nom du sponsor, parrain, client facture,
        nom du client
        | organizacion, nombre de la organizacion, empresa, nombre de la empresa, razon social,
        patrocinador, nombre del patrocinador, cliente, nombre del cliente, compania
        | organizacao, nome da organizacao, nome da empresa, razao social, nome do patrocinador,
        nome do cliente
        | organizzazione, nome organizzazione, azienda, nome azienda, societa, ragione sociale,
        nome sponsor, nome cliente, denominazione, ditta""",
    "contact_name": """
        contact name, contact, contact person, billing contact, billing contact name, attention,
        attn, primary contact, finance contact, full name, bill to contact,
        accounts payable contact
        | ansprechpartner, ansprechpartnerin, kontakt, kontaktperson, kontaktname,
        name des kontakts, rechnungskontakt
        | nom du contact, personne de contact, interlocuteur, contact facturation, a l attention de
        | contacto, nombre del contacto, nombre de contacto, persona de contacto
        | contato, nome do contato, pessoa de contato, nome do contacto
        | contatto, nome contatto, referente, persona di riferimento, nome referente""",
    "contact_email": """
        contact email, contact e mail, billing email, billing e mail, invoice email, invoice e mail,
        accounts payable email, ap email, email, e mail, email address, e mail address, mail,
        contact email address, billing contact email, sponsor email, bill to email, email id
        | e mail adresse, emailadresse, mailadresse, rechnungs e mail, rechnungsemail,
        kontakt e mail, e mail kontakt, rechnungsmail
        | adresse e mail, adresse email, courriel, adresse de courriel, adresse electronique,
        e mail de facturation, email de facturation, courriel de facturation, e mail du contact,
        email du contact
        | correo, correo electronico, email de contacto, correo de contacto, correo de facturacion,
        direccion de correo, direccion de correo electronico
        | endereco de e mail, endereco de email, e mail do contato, email do contato,
        correio eletronico
        | indirizzo e mail, indirizzo email, posta elettronica, email di fatturazione,
        e mail di fatturazione, email contatto, e mail contatto""",
    "billing_address": """
        billing address, bill to address, invoice address, address, mailing address, postal address,
        company address, bill to
        | rechnungsadresse, rechnungsanschrift, adresse, anschrift, postanschrift
        | adresse de facturation, adresse postale
        | direccion de facturacion, direccion, direccion postal, domicilio
        | endereco de cobranca, endereco de faturacao, endereco de faturamento, endereco, morada
        | indirizzo di fatturazione, indirizzo fatturazione, indirizzo, indirizzo postale""",
    "po_number": """
        po number, po no, po num, po nr, po, p o number, p o no, p o, purchase order number,
        purchase order no, purchase order, purchase order id, po id, po ref, po reference,
        customer po, customer po number, customer reference, order number, order no, your reference
        | bestellnummer, bestell nr, bestellnr, bestellung, auftragsnummer, auftrags nr, po nummer,
        bestellreferenz, ihre referenz
        | numero de bon de commande, n de bon de commande, no de bon de commande, bon de commande,
        numero de commande, n de commande, no de commande, n commande, numero bc, reference commande
        | numero de orden de compra, orden de compra, n de orden de compra, numero de orden,
        no de orden de compra, numero de pedido, n de pedido, pedido, oc
        | ordem de compra, numero da ordem de compra, numero do pedido, n do pedido,
        nota de encomenda, numero de encomenda
        | numero ordine di acquisto, ordine di acquisto, numero ordine, n ordine, numero d ordine,
        ordine d acquisto, oda, numero oda""",
    "description": """
        description, line description, item description, item, line item, product, product name,
        package, sponsorship package, sponsorship level, sponsorship, level, tier, service, details,
        product description, article
        | beschreibung, bezeichnung, artikel, leistung, paket, produkt, sponsoringpaket,
        positionstext
        | designation, libelle, prestation, article facture, produit, formule, forfait
        | descripcion, concepto, articulo, producto, paquete, servicio, detalle
        | descricao, produto, pacote, servico, artigo
        | descrizione, prodotto, pacchetto, servizio, articolo, voce""",
    "quantity": """
        quantity, qty, units, count, number of units, no of units, pcs, pieces
        | menge, anzahl, stuckzahl, stuck, stueck
        | quantite, qte, nombre
        | cantidad, cant, unidades
        | quantidade, qtd, qtde
        | quantita, qta, pezzi""",
    "unit_price": """
        unit price, price per unit, price each, unit cost, rate, price, each, cost per unit,
        unit amount, list price
        | einzelpreis, stuckpreis, preis, preis pro stuck, preis je einheit, nettoeinzelpreis,
        einheitspreis
        | prix unitaire, prix, prix a l unite, pu, p u, tarif, prix unitaire ht, pu ht
        | precio unitario, precio, precio por unidad, tarifa
        | preco unitario, preco, valor unitario
        | prezzo unitario, prezzo, tariffa""",
    "amount": """
        amount, line total, line amount, total amount, amount due, invoice amount, net amount,
        extended price, extended amount, ext price, total price, sum, total, value, fee, cost,
        subtotal, amount to invoice, sponsorship amount
        | betrag, gesamtbetrag, gesamtpreis, summe, nettobetrag, gesamt, rechnungsbetrag,
        zeilensumme, wert
        | montant, montant total, montant ht, total ht, prix total, somme, montant du
        | importe, importe total, monto, monto total, valor, precio total, suma
        | montante, valor total, total da linha, quantia, preco total
        | importo, importo totale, totale, prezzo totale, somma, ammontare""",
    "currency": """
        currency, currency code, ccy, cur, curr, iso currency
        | wahrung, wahrungscode, waehrung
        | devise, monnaie, code devise
        | moneda, divisa
        | moeda
        | valuta, divisa di fatturazione""",
    "due_date": """
        due date, payment due, payment due date, due, due by, pay by, invoice due date
        | falligkeitsdatum, fallig am, fallig, zahlbar bis, falligkeit, zahlungsziel datum
        | date d echeance, echeance, date limite, date limite de paiement, a payer avant
        | fecha de vencimiento, vencimiento, fecha limite, fecha limite de pago
        | data de vencimento, vencimento, data limite
        | data di scadenza, scadenza, data scadenza""",
    "days_until_due": """
        days until due, payment terms days, net days, terms days, payment days, days to pay,
        payment terms, terms, net terms
        | zahlungsziel, zahlungsziel tage, zahlungsfrist, tage bis fallig, zahlungsziel in tagen
        | delai de paiement, delai de paiement jours, jours avant echeance
        | dias hasta vencimiento, plazo de pago, dias de pago, plazo
        | dias ate o vencimento, prazo de pagamento, prazo
        | giorni alla scadenza, termini di pagamento, giorni di pagamento""",
    "notes": """
        notes, note, comments, comment, remarks, remark, memo, internal notes, message
        | notizen, notiz, bemerkung, bemerkungen, anmerkung, anmerkungen, kommentar, hinweis
        | remarque, remarques, commentaire, commentaires, observations
        | notas, nota, comentarios, comentario, observaciones
        | observacoes, observacao
        | osservazioni, commenti, commento, annotazioni""",
    "stripe_invoice_id": """
        stripe invoice id, stripe invoice, stripe id, stripe invoice number""",
    "po_amount": """
        po amount, po total, po value, authorized amount, authorised amount, purchase order amount,
        purchase order total, purchase order value, po limit, approved amount, not to exceed
        | bestellwert, bestellsumme, freigegebener betrag
        | montant du bon de commande, montant autorise
        | importe autorizado, monto autorizado, importe de la orden de compra
        | valor autorizado, valor da ordem de compra
        | importo autorizzato, importo ordine""",
    "tax_rate": """
        tax rate, tax rates, vat rate, gst rate, sales tax rate, tax code
        | steuersatz, mwst satz, ust satz, umsatzsteuersatz, steuerkennzeichen
        | taux de tva, taux tva | tipo de iva, tipo iva | taxa de iva, taxa iva
        | aliquota iva, aliquota""",
    "tax_id": """
        tax id, tax id number, tax number, vat id, vat number, vat no, vat registration number,
        gst number, gstin, abn, ein, sponsor tax id
        | ust id, ust id nr, ust idnr, ustid, umsatzsteuer id, uid, uid nummer, uid nr
        | numero de tva, numero tva, n tva, no tva, tva intracommunautaire
        | nif iva, numero de iva | numero de contribuinte | partita iva, p iva""",
    "language": """
        language, invoice language, preferred language, locale
        | sprache, rechnungssprache | langue, langue de facturation | idioma | lingua""",
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
}

NAMES: dict[str, tuple[str, int]] = {}
"""Folded header → canonical field, and its rank among that field's names (0 is best)."""

for _field in FIELDS:
    NAMES[fold(_field)] = (_field, 0)
for _field, _names in _SYNONYMS.items():
    for _rank, _name in enumerate(_names.replace("|", ",").split(","), 1):
        NAMES.setdefault(fold(_name), (_field, _rank))
NAMES.pop("", None)

TOTAL_WORDS = frozenset(
    """
    total,totals,grand total,sub total,subtotal,sum,sums,overall total,total amount,total due,
    gesamt,gesamtsumme,gesamtbetrag,summe,zwischensumme,endsumme,
    total general,totaux,sous total,somme,
    suma,subtotal general,total geral,soma,totale,totale generale,somma,subtotale,totali
    """.replace("\n", "")
    .replace("    ", "")
    .split(",")
)
"""Words that begin a totals row, folded."""

# ruff: noqa: E501, RUF001 statements are easier to read as the bank writes them
"""Statements in layouts of banks that are not among the samples, with the lines they hold.

The headings and habits are facts of exports as public importers document them; the data is invented.
"""

from __future__ import annotations

Line = tuple[str, str, str, str, str]
"""Day, amount, currency, a part of the text and the payer; the last two may be empty."""
CASES: list[tuple[str, bytes, list[Line], str]] = []


def case(name: str, text: str, *lines: Line, enc: str = "utf-8", acc: str = "") -> None:
    """Add a statement."""
    CASES.append((name, text.encode(enc), list(lines), acc))


case(
    "UBS de, pending rows have no booking date",
    """Kontonummer:;0230 00123456.40;
IBAN:;CH93 0076 2011 6238 5295 7;
Von:;2027-03-01;
Bis:;2027-03-31;
Anfangssaldo:;10000.00;
Schlusssaldo:;14850.00;
Bewertet in:;CHF;
Anzahl Transaktionen in diesem Zeitraum:;3;

Abschlussdatum;Abschlusszeit;Buchungsdatum;Valutadatum;Währung;Belastung;Gutschrift;Einzelbetrag;Saldo;Transaktions-Nr.;Beschreibung1;Beschreibung2;Beschreibung3;Fussnoten;
2027-03-30;14:23:05;;2027-03-30;CHF;-25.30;;;;9999037BN1227267;"ALDI SUISSE 83;ADLISWIL";"19950466-0 09/26; Zahlung Debitkarte";Transaktions-Nr. 9999037BN1227267;;
2027-03-15;;2027-03-15;2027-03-15;CHF;;5000.00;;14850.00;0193027TQ0070534;"Alpha Analytics AG;Moosstrasse 29; 8134 Adliswil; CH";Gutschrift;"Zahlungsgrund: PO 4500012345; Transaktions-Nr. 0193027TQ0070534";;
2027-03-02;;2027-03-02;2027-03-02;CHF;-150.00;;;9850.00;TEST0000000002;Sammelauftrag;e-banking-Auftrag;;;
;;2027-03-02;2027-03-02;CHF;;;-100.00;;TEST0000000002;Fictiva Versicherung AG;;;;
;;2027-03-02;2027-03-02;CHF;;;-50.00;;TEST0000000002;Fictiva Blumen AG;;;;
""",
    ("2027-03-15", "5000.00", "chf", "PO 4500012345", "Alpha Analytics AG"),
    ("2027-03-02", "-150.00", "chf", "", ""),
)

case(
    "UBS fr",
    """Numéro de compte:;0230 00123456.40;
IBAN:;CH93 0076 2011 6238 5295 7;
Date de transaction;Heure de transaction;Date de comptabilisation;Date de valeur;Monnaie;Débit;Crédit;Sous-montant;Solde;N° de transaction;Description1;Description2;Description3;Notes de bas de page;
2027-03-15;;2027-03-15;2027-03-15;CHF;;5000.00;;14850.00;0193027TQ0070534;"Alpha Analytics SA;Rue du Lac 1; 1000 Lausanne; CH";Bonification;"Motif du paiement: PO 4500012345";;
2027-03-02;;2027-03-02;2027-03-02;CHF;-150.00;;;9850.00;TEST0000000002;Ordre global;Ordre e-banking;;;
;;2027-03-02;2027-03-02;CHF;;;-100.00;;TEST0000000002;Fictiva Versicherung AG;;;;
;;2027-03-02;2027-03-02;CHF;;;-50.00;;TEST0000000002;Fictiva Blumen AG;;;;
""",
    ("2027-03-15", "5000.00", "chf", "PO 4500012345", "Alpha Analytics SA"),
    ("2027-03-02", "-150.00", "chf", "", ""),
)

case(
    "UBS card",
    """sep=;
Account number;Card number;Account/Cardholder;Purchase date;Booking text;Sector;Amount;Original currency;Rate;Currency;Debit;Credit;Booked
0293 0011;1234 XXXX;JANE ROE;14.03.2027;PYTHON SHOP;Software;50.00;EUR;0.98;CHF;49.00;;16.03.2027
0293 0011;1234 XXXX;JANE ROE;20.03.2027;REFUND HALL;Events;500.00;CHF;;CHF;;500.00;21.03.2027
0293 0011;1234 XXXX;JANE ROE;30.03.2027;PENDING CAFE;Food;5.00;CHF;;CHF;5.00;;
""",
    ("2027-03-16", "-49.00", "chf", "PYTHON SHOP", ""),
    ("2027-03-21", "500.00", "chf", "REFUND HALL", ""),
)

case(
    "DKB giro since 2023 with sign of euro in cells",
    """"Girokonto";"DE89 3704 0044 0532 0130 00"
""
"Kontostand vom 31.03.2027:";"5.200,00 €"
""
"Buchungsdatum";"Wertstellung";"Status";"Zahlungspflichtige*r";"Zahlungsempfänger*in";"Verwendungszweck";"Umsatztyp";"IBAN";"Betrag (€)";"Gläubiger-ID";"Mandatsreferenz";"Kundenreferenz"
"15.03.27";"15.03.27";"Gebucht";"Alpha Analytics GmbH";"PyCon e.V.";"PO 4500012345";"Eingang";"DE02120300000000202051";"5.000 €";"";"";""
"02.03.27";"02.03.27";"Gebucht";"PyCon e.V.";"Kongresshalle KG";"Miete";"Ausgang";"DE02120300000000202052";"-800,5 €";"";"";""
"31.03.27";"31.03.27";"Vorgemerkt";"PyCon e.V.";"Netflix";"";"Ausgang";"";"-13,99 €";"";"";""
""",
    ("2027-03-15", "5000.00", "eur", "PO 4500012345", "Alpha Analytics GmbH"),
    ("2027-03-02", "-800.50", "eur", "Miete", "Kongresshalle KG"),
)

case(
    "DKB Visa",
    """"Karte";"Visa Kreditkarte";"4930 •••• •••• 1234"
""
"Saldo vom 31.03.2027:";"-0 EUR"
""
"Belegdatum";"Wertstellung";"Status";"Beschreibung";"Umsatztyp";"Betrag (€)";"Fremdwährungsbetrag"
"30.03.27";"30.03.27";"Vorgemerkt";"Pending Shop";"Onlinezahlung";"-14,30";""
"22.03.27";"23.03.27";"Gebucht";"Ausgleich Kreditkarte gem";"Lastschrift";"77,23";""
"16.03.27";"17.03.27";"Gebucht";"UBER* TRIP";"Onlinezahlung";"-8,91";"-189,91 MX$"
""",
    ("2027-03-22", "77.23", "eur", "Ausgleich", ""),
    ("2027-03-16", "-8.91", "eur", "UBER", ""),
)

case(
    "comdirect with sections, open rows, payer in the text",
    """﻿;
"Umsätze Girokonto";"Zeitraum: 01.03.2027 - 31.03.2027";
"Neuer Kontostand";"4.200,00 EUR";

"Buchungstag";"Wertstellung (Valuta)";"Vorgang";"Buchungstext";"Umsatz in EUR";
"offen";"31.03.2027";"Kartenverfügung";"Buchungstext: CAFE KARTE ";"-4,50";
"15.03.2027 Neu";"15.03.2027";"Übertrag / Überweisung";"Auftraggeber: Alpha Analytics GmbH Buchungstext: PO 4500012345 Ref. 2W2C29190A2PIZIR/2481";"5.000,00";
"02.03.2027";"02.03.2027";"Lastschrift / Belastung";"Empfänger: Kongresshalle KG Kto/IBAN: DE68200411110716629100 BLZ/BIC: COBADEHDXXX  Buchungstext: Miete Ref. 2W2C";"-800,00";
"Alter Kontostand";"0,00 EUR";

""",
    ("2027-03-15", "5000.00", "eur", "PO 4500012345", ""),
    ("2027-03-02", "-800.00", "eur", "Miete", ""),
)

case(
    "ING DiBa with category",
    """Umsatzanzeige;Datei erstellt am: 31.03.2027 13:18
;Letztes Update: aktuell

IBAN;DE89 3704 0044 0532 0130 00
Kontoname;Girokonto
Bank;ING
Kunde;PyCon e.V.
Zeitraum;01.03.2027 - 31.03.2027
Saldo;5.200,00;EUR

Sortierung;Datum absteigend

In der CSV-Datei finden Sie alle bereits gebuchten Umsätze. Die vorgemerkten Umsätze werden nicht aufgenommen, auch wenn sie in Ihrem Internetbanking angezeigt werden.

Buchung;Valuta;Auftraggeber/Empfänger;Buchungstext;Kategorie;Verwendungszweck;Saldo;Währung;Betrag;Währung
15.03.2027;15.03.2027;Alpha Analytics GmbH;Gutschrift;Einnahmen;PO 4500012345;5.200,00;EUR;5.000,00;EUR
02.03.2027;02.03.2027;Kongresshalle KG;Lastschrift;Wohnen;Miete;200,00;EUR;-800,00;EUR
""",
    ("2027-03-15", "5000.00", "eur", "PO 4500012345", "Alpha Analytics GmbH"),
    ("2027-03-02", "-800.00", "eur", "Miete", "Kongresshalle KG"),
    enc="cp1252",
)

case(
    "ING DiBa with Wertstellungsdatum, no balance",
    """Umsatzanzeige;Datei erstellt am: 31.03.2027 13:18

IBAN;DE89 3704 0044 0532 0130 00
Kontoname;Girokonto
Bank;ING
Kunde;PyCon e.V.

Buchung;Wertstellungsdatum;Auftraggeber/Empfänger;Buchungstext;Verwendungszweck;Betrag;Währung
15.03.2027;15.03.2027;Alpha Analytics GmbH;Gutschrift;PO 4500012345;5.000,00;EUR
02.03.2027;02.03.2027;Kongresshalle KG;Lastschrift;Miete;-800,00;EUR
""",
    ("2027-03-15", "5000.00", "eur", "PO 4500012345", "Alpha Analytics GmbH"),
    ("2027-03-02", "-800.00", "eur", "Miete", "Kongresshalle KG"),
    enc="cp1252",
)

case(
    "Revolut business with a time zone and the sender",
    """Date started (UTC),Date completed (UTC),Date started (Europe/Madrid),Date completed (Europe/Madrid),ID,Type,State,Description,Reference,Payer,Card number,Card label,Card state,Orig currency,Orig amount,Payment currency,Amount,Total amount,Exchange rate,Fee,Fee currency,Balance,Account,International account number,Beneficiary account number,Beneficiary sort code or routing number,Beneficiary IBAN,Beneficiary BIC,Beneficiary name,MCC,Related transaction id,Spend program,Sender account,Sender name,Card references
2027-03-28,,2027-03-28,,bbbb-2222,CARD_PAYMENT,PENDING,Pending thing,,Jane Roe,4432,Virtual,ACTIVE,EUR,50.00,EUR,-50.00,-50.00,,0.00,EUR,,EUR Main,,,,,,,5311,,,,,
2027-03-15,2027-03-15,2027-03-15,2027-03-15,aaaa-1111,TOPUP,COMPLETED,Money added from ALPHA ANALYTICS GMBH,PO 4500012345,,,,,EUR,5000.00,EUR,5000.00,5000.00,,0.00,EUR,5200.00,EUR Main,,,,,,,,,,DE02120300000000202051,Alpha Analytics GmbH,
2027-03-02,2027-03-02,2027-03-02,2027-03-02,cccc-1111,TRANSFER,COMPLETED,To Kongresshalle KG,Miete,Jane Roe,,,,EUR,800.00,EUR,-800.00,-801.00,,1.00,EUR,200.00,EUR Main,,,,DE02120300000000202052,BYLADEM1001,Kongresshalle KG,,,,,,
""",
    ("2027-03-15", "5000.00", "eur", "PO 4500012345", "Alpha Analytics GmbH"),
    ("2027-03-02", "-801.00", "eur", "Miete", "Kongresshalle KG"),
)

case(
    "Revolut business of 2019",
    """Date started (UTC),Date completed (UTC),ID,Type,Description,Reference,Payer,Card number,Orig currency,Orig amount,Payment currency,Amount,Fee,Balance,Account,Beneficiary account number,Beneficiary sort code or routing number,Beneficiary IBAN,Beneficiary BIC
2027-03-15,2027-03-15,aaaa-1111,TOPUP,Payment from Alpha Analytics GmbH,PO 4500012345,,,EUR,5000.00,EUR,5000.00,0.00,5200.00,EUR Main,,,,
2027-03-02,2027-03-02,cccc-1111,TRANSFER,To Kongresshalle KG,Miete,Jane Roe,,EUR,800.00,EUR,-800.00,1.00,200.00,EUR Main,,,DE02120300000000202052,BYLADEM1001
""",
    ("2027-03-15", "5000.00", "eur", "PO 4500012345", ""),
    ("2027-03-02", "-801.00", "eur", "Miete", ""),
)

case(
    "Mercury with tags and a purchase in euro",
    """Date (UTC),Description,Amount,Status,Source Account,Bank Description,Reference,Note,Last Four Digits,Name On Card,Mercury Category,Category,GL Code,Timestamp,Original Currency,Check Number,Tags,Cardholder Email,Tracking ID
03-28-2027,FailedThing,-99.00,Failed,Mercury Checking xx1111,X,,,1234,Jane Roe,,,,03-28-2027 09:00:00,USD,,,t@example.com,
03-20-2027,Hetzner,-113.73,Sent,Mercury Checking xx1111,HETZNER ONLINE,,,1234,Jane Roe,Software,,,03-20-2027 10:22:03,EUR,,,t@example.com,
03-15-2027,Alpha Analytics,5000.00,Sent,Mercury Checking xx1111,ALPHA ANALYTICS INC; ORIG CO NAME,PO 4500012345,,,,,,,03-15-2027 08:00:00,USD,,,,
03-14-2027,Beta,100.00,Pending,Mercury Checking xx1111,BETA,,,,,,,,03-14-2027 08:00:00,USD,,,,
""",
    ("2027-03-20", "-113.73", "usd", "HETZNER", "Hetzner"),
    ("2027-03-15", "5000.00", "usd", "PO 4500012345", "Alpha Analytics"),
)

case(
    "Scotiabank card: unsigned amounts beside Debit and Credit",
    """Filter,Date,Description,Sub-description,Status,Type of Transaction,Amount
"Current and last statement period","2027-03-24","golf town #54","Toronto","pending","Debit","498.36"
,"2027-03-20","NETFLIX.COM","","posted","Debit","20.99"
,"2027-03-19","PAYMENT - THANK YOU","PO 4500012345","posted","Credit","840.00"
""",
    ("2027-03-20", "-20.99", "cad", "NETFLIX", ""),
    ("2027-03-19", "840.00", "cad", "PO 4500012345", ""),
)

case(
    "Scotiabank chequing without status",
    """Filter,Date,Description,Sub-description,Type of Transaction,Amount,Balance
"Current statement period","2027-03-15","deposit","Alpha Analytics PO 4500012345","Credit","5000.00","6056.45"
"","2027-03-07","withdrawal","Free Interac E-Transfer","Debit","-50.00","1056.45"
""",
    ("2027-03-15", "5000.00", "cad", "PO 4500012345", ""),
    ("2027-03-07", "-50.00", "cad", "", ""),
)

case(
    "Scotiabank in French",
    """Filtre,Date,Description,Sous-description,État,Type d’opération,Montant
"Tout","2027-03-24","golf town #54","Toronto","en attente","Débit","498.36"
,"2027-03-20","NETFLIX.COM","","portée au compte","Débit","20.99"
,"2027-03-19","PAIEMENT","PO 4500012345","portée au compte","Crédit","840.00"
""",
    ("2027-03-20", "-20.99", "cad", "NETFLIX", ""),
    ("2027-03-19", "840.00", "cad", "PO 4500012345", ""),
)

case(
    "PayPal, statement of a personal account, no status",
    """"Datum","Uhrzeit","Zeitzone","Beschreibung","Währung","Brutto","Entgelt","Netto","Guthaben","Transaktionscode","Absender E-Mail-Adresse","Name","Name der Bank","Bankkonto","Versand- und Bearbeitungsgebühr","Umsatzsteuer","Rechnungsnummer","Zugehöriger Transaktionscode"
"15.03.2027","12:00:00","Europe/Berlin","Handyzahlung","EUR","5.000,00","-149,35","4.850,65","4.850,65","1AB","a@alpha.example","Alpha Analytics GmbH","","","0,00","0,00","PO 4500012345",""
"16.03.2027","12:00:00","Europe/Berlin","Abbuchung auf Bankkonto","EUR","-4.850,65","0,00","-4.850,65","0,00","2AB","","","ING","3000","0,00","0,00","",""
""",
    ("2027-03-15", "4850.65", "eur", "PO 4500012345", "Alpha Analytics GmbH"),
    ("2027-03-16", "-4850.65", "eur", "", ""),
)

case(
    "PayPal activity with balance impact",
    """"Date","Time","TimeZone","Name","Type","Status","Currency","Gross","Fee","Net","From Email Address","To Email Address","Transaction ID","Item Title","Reference Txn ID","Invoice Number","Balance","Subject","Note","Balance Impact"
"03/13/2027","13:57:10","PST","Uber Technologies, Inc","General Authorization","Pending","USD","-42.92","0.00","-42.92","a@x.example","b@x.example","91C","","B-3","","4,850.65","","","Memo"
"03/14/2027","13:57:10","PST","Uber Technologies, Inc","Account Hold for Open Authorization","Completed","USD","-10.00","0.00","-10.00","a@x.example","","92C","","","","","","","Debit"
"03/15/2027","14:00:00","PST","Alpha Analytics Inc","Website Payment","Completed","USD","5,000.00","-149.35","4,850.65","p@alpha.example","b@x.example","93C","Sponsorship","","PO 4500012345","4,840.65","","","Credit"
""",
    ("2027-03-15", "4850.65", "usd", "PO 4500012345", "Alpha Analytics Inc"),
)

case(
    "Qonto, export of 2025 in UTC",
    """Status,Settlement date (UTC),Operation date (UTC),Total amount (incl. VAT),Currency,Counterparty name,Payment method,Transaction ID,IBAN,Reference,Category,Note,VAT amount,Initiator
settled,15-03-2027 08:00:00,14-03-2027 08:00:00,5000.00,EUR,Alpha Analytics SAS,transfer,qt_001,FR7630006000011234567890189,PO 4500012345,,,0.00,
settled,02-03-2027 10:00:00,02-03-2027 10:00:00,-800.00,EUR,Palais SARL,transfer,qt_002,FR7630006000011234567890180,Loyer,,,,Admin
declined,03-03-2027 10:00:00,03-03-2027 10:00:00,-80.00,EUR,Cafe,card,qt_003,,,,,,Admin
processing,,30-03-2027 10:00:00,-70.00,EUR,Cafe,card,qt_004,,,,,,Admin
""",
    ("2027-03-15", "5000.00", "eur", "PO 4500012345", "Alpha Analytics SAS"),
    ("2027-03-02", "-800.00", "eur", "Loyer", "Palais SARL"),
)

case(
    "BNP Fortis of 2017",
    """Numéro de séquence;Date d'exécution;Date valeur;Montant;Devise du compte;CONTREPARTIE DE LA TRANSACTION;Détails;Numéro de compte
2027-0207;15/03/2027;15/03/2027;5.000,00;EUR;BE02360096518440;ALPHA ANALYTICS S.A. AVENUE DE FINLANDE COMMUNICATION : PO 4500012345 DATE VALEUR : 15/03/2027;BE68539007547034
2027-0206;02/03/2027;02/03/2027;-800,00;EUR;BE02360096518441;PALAIS SPRL LOYER;BE68539007547034
""",
    ("2027-03-15", "5000.00", "eur", "PO 4500012345", ""),
    ("2027-03-02", "-800.00", "eur", "LOYER", ""),
    acc="BE68539007547034",
)

case(
    "OP with BIC in the account, quoted kind",
    """Kirjauspäivä;Arvopäivä;Määrä  EUROA;"Laji";Selitys;Saaja/Maksaja;Saajan tilinumero ja pankin BIC;Viite;Viesti;Arkistointitunnus;
15.03.2027;15.03.2027;5000,00;"710";TILISIIRTO;ALPHA ANALYTICS OY;;ref=;PO 4500012345;20270315/593700/000001;
02.03.2027;02.03.2027;-800,00;"700";VERKKOLASKU;MESSUKESKUS OY;FI2112345600000785 OKOYFIHH;00000000000000002268;VUOKRA;20270302/593700/000002;
""",
    ("2027-03-15", "5000.00", "eur", "PO 4500012345", "ALPHA ANALYTICS OY"),
    ("2027-03-02", "-800.00", "eur", "VUOKRA", "MESSUKESKUS OY"),
    enc="iso-8859-1",
)

case(
    "mBank account list with closing row",
    """mBank S.A. Bankowość Detaliczna;
#Za okres:;
01.03.2027;31.03.2027;
#Waluta;
PLN;
#Numer rachunku;
50114020040000360276034397;
#Saldo początkowe;0,00 PLN;

#Data księgowania;#Data operacji;#Opis operacji;#Tytuł;#Nadawca/Odbiorca;#Numer konta;#Kwota;#Saldo po operacji;
2027-03-15;2027-03-15;PRZELEW ZEWNĘTRZNY PRZYCHODZĄCY;"PO 4500012345";"ALPHA ANALYTICS SP. Z O.O.";'61109010140000071219812874';5 000,00;5 000,00;
2027-03-20;2027-03-20;PRZELEW;"Najem";"HALA";'61109010140000071219812875';-800,00;4 200,00;
;;;;;;#Saldo końcowe;4 200,00 PLN;
""",
    ("2027-03-15", "5000.00", "pln", "PO 4500012345", "ALPHA ANALYTICS SP. Z O.O."),
    ("2027-03-20", "-800.00", "pln", "Najem", "HALA"),
    enc="cp1250",
)

case(
    "mBank list of operations with amounts in cells",
    """mBank S.A. Bankowość Detaliczna;

#Waluta;#Wpływy;#Wydatki;
PLN;5 000,00;-118,72;

#Data operacji;#Opis operacji;#Rachunek;#Kategoria;#Kwota;
2027-03-15;"ALPHA ANALYTICS  PRZELEW PRZYCHODZĄCY PO 4500012345";"eKonto 1234";"Wpływy";5 000,00 PLN;;
2027-03-18;"LIDL  ZAKUP PRZY UŻYCIU KARTY W KRAJU          ";"eKonto 1234";"Żywność";-118,72 PLN;;

""",
    ("2027-03-15", "5000.00", "pln", "PO 4500012345", ""),
    ("2027-03-18", "-118.72", "pln", "LIDL", ""),
)

case(
    "SoFi",
    """Date,Description,Type,Amount,Current balance,Status
2027-03-29,To Travel Vault,WITHDRAWAL,-250.00,5011.47,Pending
2027-03-15,ALPHA ANALYTICS PO 4500012345,DIRECT_DEPOSIT,5000,5261.47,Posted
2027-03-02,RENT,DEBIT_CARD,-800.00,261.47,Posted
""",
    ("2027-03-15", "5000.00", "usd", "PO 4500012345", ""),
    ("2027-03-02", "-800.00", "usd", "RENT", ""),
)

case(
    "Air Bank: direction by words",
    """Datum provedení;Směr úhrady;Typ úhrady;Měna účtu;Částka v měně účtu;Název protistrany;Číslo účtu protistrany;Poznámka pro příjemce
15.03.2027;Příchozí;Příchozí úhrada;CZK;5000,00;Alpha Analytics s.r.o.;123456789/0100;PO 4500012345
02.03.2027;Odchozí;Odchozí úhrada;CZK;800,00;Hala a.s.;123456780/0100;Najem
""",
    ("2027-03-15", "5000.00", "czk", "PO 4500012345", "Alpha Analytics s.r.o."),
    ("2027-03-02", "-800.00", "czk", "Najem", "Hala a.s."),
    enc="cp1250",
)

case(
    "Air Bank: real sign beside the word",
    """Datum provedení;Směr úhrady;Typ úhrady;Měna účtu;Částka v měně účtu;Poplatek v měně účtu;Název protistrany;Poznámka k úhradě
15/03/2027;Příchozí;Příchozí úhrada;CZK;5000,00;0,00;Alpha Analytics s.r.o.;PO 4500012345
02/03/2027;Odchozí;Odchozí úhrada;CZK;-800,00;0,00;Hala a.s.;Najem
""",
    ("2027-03-15", "5000.00", "czk", "PO 4500012345", "Alpha Analytics s.r.o."),
    ("2027-03-02", "-800.00", "czk", "Najem", "Hala a.s."),
)

case(
    "Tatra banka",
    """Číslo účtu,Dátum zaúčtovania,Suma,Mena,Typ obratu,Protiúčet,Kód banky,Názov protistrany,Referencia
SK3112000000198742637541,15.03.2027,5000.00,EUR,Kredit,123456,1100,Alpha Analytics s.r.o.,PO 4500012345
SK3112000000198742637541,02.03.2027,800.00,EUR,Debet,123457,1100,Hala a.s.,Najom
""",
    ("2027-03-15", "5000.00", "eur", "PO 4500012345", ""),
    ("2027-03-02", "-800.00", "eur", "Najom", ""),
)

case(
    "SpareBank 1",
    """Dato;Beskrivelse;Rentedato;Inn;Ut;Til konto;Fra konto;
"15.03.2027";"Alpha Analytics AS PO 4500012345";"15.03.2027";"5 000,00";;"12345678956";"98765432100";
"02.03.2027";"Husleie";"02.03.2027";;"-800,00";"98765432101";"12345678956";
""",
    ("2027-03-15", "5000.00", "nok", "PO 4500012345", ""),
    ("2027-03-02", "-800.00", "nok", "Husleie", ""),
)

case(
    "Länsförsäkringar",
    """"Bokföringsdatum";"Transaktionsdatum";"Transaktionstyp";"Meddelande";"Belopp";"Kontonummer";"Kontonamn";"";"Saldo";"Tillgängligt belopp"
"2027-03-15";"2027-03-15";"Insättning";"Alpha Analytics AB PO 4500012345";"5 000,00";"9020 12 345 67";"Mitt konto";"";"5 200,00";"5 200,00"
"2027-03-02";"2027-03-01";"Överföring";"Hyra";"-800,00";"9020 12 345 67";"Mitt konto";"";"200,00";"200,00"
""",
    ("2027-03-15", "5000.00", "sek", "PO 4500012345", ""),
    ("2027-03-02", "-800.00", "sek", "Hyra", ""),
    enc="iso-8859-1",
)

case(
    "Keytrade",
    """Uittreksel;Datum;Valutadatum;Rekening;Omschrijving;Bedrag;Valuta
2027/1;15.03.2027;15.03.2027;BE02 3600 9651 8440;ALPHA ANALYTICS NV PO 4500012345;5.000,00;EUR
2027/1;02.03.2027;02.03.2027;BE02 3600 9651 8441;HUUR;-800,00;EUR
""",
    ("2027-03-15", "5000.00", "eur", "PO 4500012345", ""),
    ("2027-03-02", "-800.00", "eur", "HUUR", ""),
)

case(
    "bunqDesktop",
    """"Datum";"Bedrag";"Rekening";"Tegenrekening";"Naam";"Omschrijving"
"2027-03-15";"5.000,00";"NL63BUNQ2031783591";"NL58BUNQ4490788981";"Alpha Analytics BV";"PO 4500012345"
"2027-03-02";"-800,00";"NL63BUNQ2031783591";"NL58BUNQ4490788982";"Hal BV";"Huur"
"2027-03-01";"-10,00";"NL63BUNQ2031783591";"NL58BUNQ4490788983";"Cafe";"Koffie"
""",
    ("2027-03-15", "5000.00", "eur", "PO 4500012345", "Alpha Analytics BV"),
    ("2027-03-02", "-800.00", "eur", "Huur", "Hal BV"),
    ("2027-03-01", "-10.00", "eur", "Koffie", "Cafe"),
)

case(
    "Triodos without heading",
    """"15-03-2027","NL63TRIO0123456789","5.000,00","Credit","Alpha Analytics BV","NL58BUNQ4490788981","ET","PO 4500012345","5.200,00"
"16-03-2027","NL63TRIO0123456789","800,00","Debet","Hal BV","NL58BUNQ4490788982","IC","Huur","4.400,00"
""",
    ("2027-03-15", "5000.00", "eur", "PO 4500012345", ""),
    ("2027-03-16", "-800.00", "eur", "Huur", ""),
)

case(
    "Barclaycard Business",
    """Cardholder Name,Account Number,Transaction Date,Merchant Name,Amount,Currency,Original Amount,Original Currency,Conversion Rate,Posted Date,Transaction Time,Authorisation Code,Transaction ID,Merchant Category,Transaction Type,MCC Description
J ROE,****9940,10/03/2027,FOOD WORKS,10,GBP,10,GBP,1,12/03/2027,182500,28271,MCO1,Restaurants,PURCHASE,Eating
J ROE,****9940,20/03/2027,HALL REFUND,-500,GBP,-500,GBP,1,22/03/2027,182500,28272,MCO2,Events,REFUND,Events
""",
    ("2027-03-12", "-10.00", "gbp", "FOOD WORKS", ""),
    ("2027-03-22", "500.00", "gbp", "HALL REFUND", ""),
)

case(
    "Crédit Mutuel with debit below zero",
    """Date;Date de valeur;Débit;Crédit;Libellé;Solde
15/03/2027;15/03/2027;;5000,00;VIR ALPHA ANALYTICS PO 4500012345;5200,00
20/03/2027;20/03/2027;-800,00;;LOYER PALAIS;4400,00
""",
    ("2027-03-15", "5000.00", "eur", "PO 4500012345", ""),
    ("2027-03-20", "-800.00", "eur", "LOYER", ""),
    enc="iso-8859-1",
)

case(
    "Banque Populaire",
    """Date de comptabilisation;Libelle simplifie;Libelle operation;Reference;Informations complementaires;Type operation;Categorie;Sous categorie;Debit;Credit;Date operation;Date de valeur;Pointage operation
15/03/2027;ALPHA ANALYTICS;VIR SEPA ALPHA ANALYTICS;8XQ2;PO 4500012345;Virement recu;Revenus;Virements;;+5000,00;15/03/2027;15/03/2027;0
02/03/2027;PALAIS;PRLV PALAIS;8XQ1;LOYER;Prelevement;Maison;Loyer;-800,00;;02/03/2027;02/03/2027;0
""",
    ("2027-03-15", "5000.00", "eur", "PO 4500012345", ""),
    ("2027-03-02", "-800.00", "eur", "LOYER", ""),
)

case(
    "La Banque Postale",
    """Numéro Compte   ;1234567X012
Type         ;CCP
Compte tenu en  ;euros
Date            ;31/03/2027
Solde (EUROS)   ;5200,00
Solde (FRANCS)   ;34109,77

Date;Libellé;Montant(EUROS);Montant(FRANCS)
15/03/2027;"VIREMENT DE ALPHA ANALYTICS PO 4500012345";5000,00;32797,85
02/03/2027;"LOYER";-800,00;-5247,66
""",
    ("2027-03-15", "5000.00", "eur", "PO 4500012345", ""),
    ("2027-03-02", "-800.00", "eur", "LOYER", ""),
    enc="iso-8859-1",
)

case(
    "Finom",
    """Buchungsdatum,Time completed,Status,Transaktionsart,Auftraggeber/Empfänger,Counterparty BIC,Counterparty IBAN,Verwendungszweck,Tags,Zahlungsfreigeber,Kartennummer,Ursprungswährung,Ursprungsbetrag,Zahlungswährung,Zahlungsbetrag,Wallet-IBAN
15.03.2027,10:00,Completed,Eingang,Alpha Analytics GmbH,N/A,DE02120300000000202051,PO 4500012345,N/A,N/A,N/A,EUR,5000.00,EUR,5000.00,DE89370400440532013000
02.03.2027,10:00,Completed,Ausgang,Kongresshalle KG,N/A,DE02120300000000202052,Miete,N/A,Jane,N/A,USD,-900.00,EUR,-800.00,DE89370400440532013000
03.03.2027,10:00,Declined,Ausgang,Cafe,N/A,N/A,Kaffee,N/A,Jane,N/A,EUR,-5.00,EUR,-5.00,DE89370400440532013000
""",
    ("2027-03-15", "5000.00", "eur", "PO 4500012345", "Alpha Analytics GmbH"),
    ("2027-03-02", "-800.00", "eur", "Miete", "Kongresshalle KG"),
)

case(
    "HypoVereinsbank",
    """Kontonummer;Buchungsdatum;Valuta;Empfaenger 1;Empfaenger 2;Verwendungszweck;Betrag;Waehrung
12345678;15.03.2027;15.03.2027;Alpha Analytics GmbH;;SEPA-GUTSCHRIFT PO 4500012345;5.000,00;EUR
12345678;02.03.2027;02.03.2027;Kongresshalle KG;;Miete;-800,00;EUR
12345678;01.03.2027;01.03.2027;Cafe;;Kaffee;-8,00;EUR
""",
    ("2027-03-15", "5000.00", "eur", "PO 4500012345", "Alpha Analytics GmbH"),
    ("2027-03-02", "-800.00", "eur", "Miete", "Kongresshalle KG"),
    ("2027-03-01", "-8.00", "eur", "Kaffee", "Cafe"),
)

case(
    "PostFinance legacy, two-digit years, sparse balance",
    """Datum von:;01.03.27;;;;
Datum bis:;31.03.27;;;;
Buchungsart:;Alle Buchungen;;;;
Konto:;CH9300762011623852957;;;;
Währung:;CHF;;;;
Buchungsdetails:;Ja;;;;
Buchungsdatum;Avisierungstext;Gutschrift;Lastschrift;Valuta;Saldo
15.03.27;"GIRO AUS KONTO ALPHA ANALYTICS AG PO 4500012345";5000;;15.03.27;5200
02.03.27;"MIETE";;-800.5;02.03.27;200
02.03.27;"KAFFEE";;-5;02.03.27;
;;;;;
Disclaimer:;;;;;
Dies ist kein durch PostFinance AG erstelltes Dokument. PostFinance AG ist nicht verantwortlich für den Inhalt.;;;;;
""",
    ("2027-03-15", "5000.00", "chf", "PO 4500012345", ""),
    ("2027-03-02", "-800.50", "chf", "MIETE", ""),
    ("2027-03-02", "-5.00", "chf", "KAFFEE", ""),
    enc="cp1252",
)

case(
    "PostFinance since 2023 with quoted dates",
    """Datum von:;="2027-03-01"
Datum bis:;="2027-03-31"
Konto:;="CH9300762011623852957"
Währung:;="CHF"

Datum;Bewegungstyp;Avisierungstext;Gutschrift in CHF;Lastschrift in CHF;Label;Kategorie
15.03.2027;Zahlungseingang;"GUTSCHRIFT VON ALPHA ANALYTICS AG PO 4500012345";5400;;;
02.03.2027;Belastung;"KAUF/DIENSTLEISTUNG VOM 01.03.2027 KARTEN NR. XXXX1234 MIGROS";;-45.3;;Lebensmittel

Disclaimer:
Der Dokumentinhalt wurde durch Filtereinstellungen der Kund:innen generiert.
""",
    ("2027-03-15", "5400.00", "chf", "PO 4500012345", ""),
    ("2027-03-02", "-45.30", "chf", "MIGROS", ""),
)

case(
    "RBC with US dollars of one account",
    """Account Type,Account Number,Transaction Date,Cheque Number,Description 1,Description 2,CAD$,USD$
Chequing,00170-5050885,3/15/2027,,DEPOSIT,ALPHA ANALYTICS PO 4500012345,5000.00,,
Chequing,00170-5050885,3/3/2027,,MISC PAYMENT,RENT,-800.00,,
US Chequing,00170-4001234,3/16/2027,,WIRE,BETA INC PO 4500099999,,2500.00,
""",
    ("2027-03-15", "5000.00", "cad", "PO 4500012345", ""),
    ("2027-03-03", "-800.00", "cad", "RENT", ""),
    ("2027-03-16", "2500.00", "usd", "PO 4500099999", ""),
)

case(
    "TD Bank with short years, without the sign",
    """Date,Bank RTN,Account Number,Transaction Type,Description,Debit,Credit,Check Number,Account Running Balance
3/27/27,031201360,1111111111,DIRECTDEBIT,RENT    ,800,,,4200.00
3/16/27,031201360,1111111111,DEP,ALPHA ANALYTICS PO 4500012345 ,,5000,,5000.00
""",
    ("2027-03-27", "-800.00", "usd", "RENT", ""),
    ("2027-03-16", "5000.00", "usd", "PO 4500012345", ""),
)

case(
    "Starling in euro",
    """Date,Counter Party,Reference,Type,Amount (EUR),Balance (EUR),Spending Category,Notes
15/03/2027,Alpha Analytics Ltd,PO 4500012345,FASTER PAYMENT,5000.00,5000.00,INCOME,
20/03/2027,Hall Ltd,RENT,DIRECT DEBIT,-800.00,4200.00,PAYMENTS,
""",
    ("2027-03-15", "5000.00", "eur", "PO 4500012345", "Alpha Analytics Ltd"),
    ("2027-03-20", "-800.00", "eur", "RENT", "Hall Ltd"),
)

case(
    "Monzo with balance currency",
    """Transaction ID,Date,Time,Type,Name,Emoji,Category,Amount,Currency,Local amount,Local currency,Notes and #tags,Address,Receipt,Description,Category split,Money Out,Money In,Balance,Balance currency
tx_1,15/03/2027,12:00:00,Faster payment,Alpha Analytics,,Income,5000.00,GBP,5000.00,GBP,,,,PO 4500012345,,,5000.00,5000.00,GBP
tx_2,16/03/2027,12:00:00,Card payment,Hotel,,Travel,-85.00,GBP,-100.00,EUR,,,,HOTEL BERLIN,,-85.00,,4915.00,GBP
""",
    ("2027-03-15", "5000.00", "gbp", "PO 4500012345", "Alpha Analytics"),
    ("2027-03-16", "-85.00", "gbp", "HOTEL BERLIN", "Hotel"),
)

case(
    "Wise with time, type and exchange amounts",
    """TransferWise ID,Date,Date Time,Amount,Currency,Description,Payment Reference,Running Balance,Exchange From,Exchange To,Exchange Rate,Payer Name,Payee Name,Payee Account Number,Merchant,Card Last Four Digits,Card Holder Full Name,Attachment,Note,Total fees,Exchange To Amount,Transaction Type,Transaction Details Type
TRANSFER-2,16-03-2027,16-03-2027 10:00:00.123,-801.00,EUR,Sent money to Hall KG,Rent,4199.00,EUR,EUR,,,Hall KG,DE02120300000000202052,,,,,,1.00,,DEBIT,TRANSFER
TRANSFER-1,15-03-2027,15-03-2027 10:00:00.123,5000.00,EUR,Received money from ALPHA ANALYTICS with reference PO 4500012345,PO 4500012345,5000.00,,,,ALPHA ANALYTICS,,,,,,,,0.00,,CREDIT,DEPOSIT
""",
    ("2027-03-16", "-801.00", "eur", "Rent", ""),
    ("2027-03-15", "5000.00", "eur", "PO 4500012345", "ALPHA ANALYTICS"),
)

case(
    "Volksbank with category",
    """Bezeichnung Auftragskonto;IBAN Auftragskonto;BIC Auftragskonto;Bankname Auftragskonto;Buchungstag;Valutadatum;Name Zahlungsbeteiligter;IBAN Zahlungsbeteiligter;BIC (SWIFT-Code) Zahlungsbeteiligter;Buchungstext;Verwendungszweck;Betrag;Waehrung;Saldo nach Buchung;Bemerkung;Kategorie;Steuerrelevant;Glaeubiger ID;Mandatsreferenz
Konto;DE89370400440532013000;GENODES1FDS;VOLKSBANK;15.03.2027;15.03.2027;Alpha Analytics GmbH;DE02120300000000202051;GENODES1VBH;Gutschrift;"PO 4500012345; EREF: 1";5.000,00;EUR;5.200,00;;;;;
Konto;DE89370400440532013000;GENODES1FDS;VOLKSBANK;02.03.2027;02.03.2027;Kongresshalle KG;DE02120300000000202052;GENODES1VBH;Lastschrift;Miete;-800,00;EUR;200,00;;;;;
""",
    ("2027-03-15", "5000.00", "eur", "PO 4500012345", "Alpha Analytics GmbH"),
    ("2027-03-02", "-800.00", "eur", "Miete", "Kongresshalle KG"),
)

case(
    "Boursorama with spaces in amounts",
    """dateOp;dateVal;label;category;categoryParent;supplierFound;amount;comment;accountNum;accountLabel;accountbalance
2027-03-15;2027-03-15;"VIR ALPHA ANALYTICS PO 4500012345";"Virements reçus";"Virements reçus";"alpha analytics";5 000,00;"";00012345678;Compte;4200.00
2027-03-16;2027-03-16;"LOYER";"Logement";"Vie";"palais";-800,00;"";00012345678;Compte;4200.00
""",
    ("2027-03-15", "5000.00", "eur", "PO 4500012345", ""),
    ("2027-03-16", "-800.00", "eur", "LOYER", ""),
)

case(
    "Belfius of 2019",
    """Boekingsdatum vanaf;01/03/2027
Boekingsdatum tot en met;31/03/2027
Bedrag vanaf;
Laatste saldo;4.200,00 EUR
Datum/uur van het laatste saldo;31/03/2027 21:30:53
;
Rekening;Boekingsdatum;Afschriftnummer;Transactienummer;Rekening tegenpartij;Naam tegenpartij bevat;Straat en nummer;Postcode en plaats;Transactie;Valutadatum;Bedrag;Devies;BIC;Landcode;Mededelingen
BE68 5390 0754 7034;15/03/2027;00001;1;BE02 3600 9651 8440;ALPHA ANALYTICS NV;STRAAT 1;1000 BRUSSEL;STORTING VAN ALPHA ANALYTICS;15/03/2027;5000,00;EUR;GKCCBEBB;BE;PO 4500012345
BE68 5390 0754 7034;16/03/2027;00001;2;BE02 3600 9651 8441;HAL NV;;;OVERSCHRIJVING;16/03/2027;-800,00;EUR;GKCCBEBB;BE;HUUR
""",
    ("2027-03-15", "5000.00", "eur", "PO 4500012345", "ALPHA ANALYTICS NV"),
    ("2027-03-16", "-800.00", "eur", "HUUR", "HAL NV"),
    enc="iso-8859-1",
)

case(
    "Caixa Geral de Depósitos",
    """Consultar saldos e movimentos à ordem - 31-03-2027
Conta ;0123456789012 - EUR - Conta
Data de início ;01-03-2027
Data de fim ;31-03-2027

Data mov. ;Data valor ;Descrição ;Débito ;Crédito ;Saldo contabilístico ;Saldo disponível ;Categoria ;
16-03-2027;16-03-2027;RENDA;800,00;;4.200,00;4.200,00;Diversos;
15-03-2027;15-03-2027;TRF ALPHA ANALYTICS PO 4500012345;;5.000,00;5.000,00;5.000,00;Diversos;
 ; ; ; ;Saldo contabilístico ;4.200,00 EUR; ; ;
""",
    ("2027-03-16", "-800.00", "eur", "RENDA", ""),
    ("2027-03-15", "5000.00", "eur", "PO 4500012345", ""),
    enc="iso-8859-1",
)

case(
    "ING Śląski",
    """"Data transakcji";"Data księgowania";"Dane kontrahenta";"Tytuł";"Nr rachunku";"Nazwa banku";"Szczegóły";"Nr transakcji";"Kwota transakcji (waluta rachunku)";"Waluta";"Kwota blokady/zwolnienie blokady";"Waluta";"Kwota płatności w walucie";"Waluta";"Konto";"Saldo po transakcji";"Waluta"
2027-03-30;;" CAFE ";" Płatność kartą ";'' ;"";"";'';;;-15,00;PLN;;;"KONTO";;
2027-03-15;2027-03-15;" ALPHA ANALYTICS SP Z O O ";" PO 4500012345 ";'61109010140000071219812874 ';"";"PRZELEW ";'2027';5000,00;PLN;;;;;"KONTO";5200,00;PLN
2027-03-02;2027-03-02;" HALA ";" Najem ";'61109010140000071219812875 ';"";"PRZELEW ";'2027';-800,00;PLN;;;;;"KONTO";200,00;PLN
""",
    ("2027-03-15", "5000.00", "pln", "PO 4500012345", "ALPHA ANALYTICS SP Z O O"),
    ("2027-03-02", "-800.00", "pln", "Najem", "HALA"),
    enc="cp1250",
)

case(
    "Citi card, credits below zero",
    """Status,Date,Description,Debit,Credit,Member Name
Cleared,03/20/2027,HOTEL,100.00,,JANE ROE
Cleared,03/15/2027,PAYMENT THANK YOU PO 4500012345,,-5000.00,JANE ROE
Pending,03/28/2027,CAFE,4.00,,JANE ROE
""",
    ("2027-03-20", "-100.00", "usd", "HOTEL", ""),
    ("2027-03-15", "5000.00", "usd", "PO 4500012345", ""),
)

case(
    "Schwab checking",
    """"Date","Status","Type","CheckNumber","Description","Withdrawal","Deposit","RunningBalance"
"03/30/2027","Pending","ACH","","CAFE","$4.00","",""
"03/16/2027","Posted","ACH","","RENT","$800.00","","$4,200.00"
"03/15/2027","Posted","WIRE","","ALPHA ANALYTICS PO 4500012345","","$5,000.00","$5,000.00"
""",
    ("2027-03-16", "-800.00", "usd", "RENT", ""),
    ("2027-03-15", "5000.00", "usd", "PO 4500012345", ""),
)

case(
    "Payoneer",
    """Date,Description,Amount,Currency,Status,Running Balance
"15 Mar, 2027",Payment from ALPHA ANALYTICS PO 4500012345,"5,000.00",USD,Completed,"5,000.00"
"16 Mar, 2027",Withdrawal to bank,"-800.00",USD,Completed,"4,200.00"
"17 Mar, 2027",Card charge,"-10.00",USD,Canceled,"4,200.00"
""",
    ("2027-03-15", "5000.00", "usd", "PO 4500012345", ""),
    ("2027-03-16", "-800.00", "usd", "", ""),
)

case(
    "N26 in French",
    """"Date","Bénéficiaire","Numéro de compte","Type de transaction","Référence de paiement","Montant (EUR)","Montant (Devise étrangère)","Sélectionnez la devise étrangère","Taux de conversion"
"2027-03-15","Alpha Analytics SAS","FR7630006000011234567890189","Revenu","PO 4500012345","5000.0","","",""
"2027-03-02","Hotel","","Paiement MasterCard","","-85.0","-100.0","USD","0.85"
""",
    ("2027-03-15", "5000.00", "eur", "PO 4500012345", "Alpha Analytics SAS"),
    ("2027-03-02", "-85.00", "eur", "", "Hotel"),
)

case(
    "SumUp payouts in bank form",
    """Datum,Transaktions-ID,Referenz,Transaktionsart,Status,Betrag ausgehend,Betrag eingehend,Saldo,Währung
15.03.2027 10:00,ABC1,PO 4500012345 Alpha Analytics,Überweisung,Erfolgreich,,5000.00,5000.00,EUR
16.03.2027 10:00,ABC2,Miete,Überweisung,Erfolgreich,800.00,,4200.00,EUR
17.03.2027 10:00,ABC3,Kaffee,Kartenzahlung,Abgelehnt,5.00,,4200.00,EUR
""",
    ("2027-03-15", "5000.00", "eur", "PO 4500012345", ""),
    ("2027-03-16", "-800.00", "eur", "Miete", ""),
)

case(
    "Airwallex",
    """Time,Type,Financial Transaction Type,Transaction ID,Description,Wallet Currency,Target Currency,Target Amount,Conversion Rate,Mature Date,Amount,Fee,Net,Account Balance,Available Balance,Created On,Request Id,Reference,Note to Self
2026-11-20T10:00:00+0800,Payout,PAYOUT,t2,Payout to Venue,USD,USD,800.00,,,-800.00,0.00,-800.00,5200.00,5200.00,,,Rent,
2026-11-16T10:00:00+0800,Deposit,DEPOSIT,t1,Deposit from ALPHA ANALYTICS,USD,USD,5000.00,,,5000.00,0.00,5000.00,6000.00,6000.00,,,PO 4500012345,
""",
    ("2026-11-16", "5000.00", "usd", "4500012345", ""),
    ("2026-11-20", "-800.00", "usd", "", ""),
)

case(
    "1822direkt, amounts under Soll/Haben",
    """Kontonummer;Datum/Zeit;Buchungstag;Wertstellung;Soll/Haben;Buchungsschlüssel;Buchungsart;Empfänger/Auftraggeber Name;Empfänger/Auftraggeber IBAN;Empfänger/Auftraggeber BIC;Glaeubiger-ID;Mandatsreferenz;Mandatsdatum;Vwz.0;Vwz.1;Vwz.2;Vwz.3;End-to-End-Identifikation
1234567890;16.11.2026/10:00;16.11.2026;16.11.2026;5.000,00;051;Gutschrift;Alpha Analytics GmbH;DE02120300000000202051;BYLADEM1001;;;;PO 4500012345;Sponsoring;;;NOTPROVIDED
1234567890;20.11.2026/10:00;20.11.2026;20.11.2026;-800,00;020;Überweisung;Kongresshalle KG;DE02120300000000202052;BYLADEM1001;;;;Miete;;;;
""",
    ("2026-11-16", "5000.00", "eur", "4500012345", "Alpha Analytics GmbH"),
    ("2026-11-20", "-800.00", "eur", "", ""),
    enc="cp1252",
)

case(
    "Hibiscus, the name under the other account's owner",
    """Kontonummer;BLZ;Konto;Gegenkonto;Gegenkonto BLZ;Gegenkonto Inhaber;Betrag;Valuta;Datum;Verwendungszweck;Verwendungszweck 2;Zwischensumme;Primanota;Kundenreferenz;Kategorie;Kommentar
1234567890;10010010;Giro;DE02120300000000202051;BYLADEM1001;Alpha Analytics GmbH;5000,00;16.11.2026;16.11.2026;Sponsoring;PO 4500012345;6000,00;;;;
1234567890;10010010;Giro;DE02120300000000202052;BYLADEM1001;Kongresshalle KG;-800,00;20.11.2026;20.11.2026;Miete;;5200,00;;;;
""",
    ("2026-11-16", "5000.00", "eur", "4500012345", "Alpha Analytics GmbH"),
    ("2026-11-20", "-800.00", "eur", "", ""),
)

case(
    "Caisse d'Épargne with balances of the period",
    """Code de la banque : 11315;Code de l'agence : 00001;Date de début de téléchargement : 01/11/2026;Date de fin de téléchargement : 30/11/2026;
Numéro de compte : 04123456789;Nom du compte : COMPTE COURANT;Devise : EUR;

Solde en fin de période;;;;5200,00
Date;Numéro d'opération;Libellé;Débit;Crédit;Détail
20/11/26;ABC124;VIR SEPA PALAIS;-800,00;;LOYER
16/11/26;ABC123;VIR SEPA ALPHA ANALYTICS;;5000,00;PO 4500012345
Solde en début de période;;;;1000,00
""",
    ("2026-11-16", "5000.00", "eur", "4500012345", ""),
    ("2026-11-20", "-800.00", "eur", "", ""),
    enc="cp1252",
)

case(
    "S-Pankki, empty cells filled with a dash",
    """Kirjauspäivä;Maksupäivä;Summa;Tapahtumalaji;Maksaja;Saajan nimi;Saajan tilinumero;Saajan BIC-tunnus;Viitenumero;Viesti;Arkistointitunnus
16.11.2026;16.11.2026;+5000,00;TILISIIRTO;ALPHA ANALYTICS OY;PYCONF RY;-;-;-;'PO 4500012345';A1
20.11.2026;20.11.2026;-800,00;TILISIIRTO;PYCONF RY;MESSUKESKUS OY;FI2112345600000785;OKOYFIHH;-;'VUOKRA';A2
""",
    ("2026-11-16", "5000.00", "eur", "4500012345", ""),
    ("2026-11-20", "-800.00", "eur", "", ""),
)

case(
    "BNZ",
    """Date,Amount,Payee,Particulars,Code,Reference,Tran Type,This Party Account,Other Party Account,Serial,Transaction Code,Batch Number,Originating Bank/Branch,Processed Date
16/11/26,5000.00,ALPHA ANALYTICS,PO 4500012345,,,DC,02-0100-0123456-000,12-3123-0123456-50,,50,0123,02-0100,16/11/26
20/11/26,-800.00,VENUE,HIRE,,,BP,02-0100-0123456-000,12-3123-0123456-51,,51,0124,02-0100,20/11/26
""",
    ("2026-11-16", "5000.00", "nzd", "4500012345", "ALPHA ANALYTICS"),
    ("2026-11-20", "-800.00", "nzd", "", ""),
)

case(
    "Itaú with a balance for each day",
    """data;lançamento;ag./origem;valor (R$);saldos (R$)
01/11/2026;SALDO ANTERIOR;;;1.000,00
16/11/2026;TED 033 ALPHA ANALYTICS PO 4500012345;1234;5.000,00;
16/11/2026;SALDO DO DIA;;;6.000,00
20/11/2026;PIX TRANSF SALA;1234;-800,00;
20/11/2026;SALDO DO DIA;;;5.200,00
""",
    ("2026-11-16", "5000.00", "brl", "4500012345", ""),
    ("2026-11-20", "-800.00", "brl", "", ""),
    enc="cp1252",
)

case(
    "OCBC, text continued in rows below",
    """Account details for:,Business 501-123456-001
Available Balance,5200.00
Ledger Balance,5200.00

Transaction History
Transaction date,Value date,Description,Withdrawals (SGD),Deposits (SGD)
20/11/2026,20/11/2026,FUND TRANSFER,800.00,
,,to VENUE HIRE,,
16/11/2026,16/11/2026,INWARD CREDIT,,5000.00
,,ALPHA ANALYTICS PTE LTD PO 4500012345,,
""",
    ("2026-11-16", "5000.00", "sgd", "4500012345", ""),
    ("2026-11-20", "-800.00", "sgd", "", ""),
)

case(
    "Mizuho in Shift-JIS",
    """照会口座,みずほ銀行 東京支店 普通 1234567
日付,お引出金額,お預入金額,お取引内容,残高
2026.11.16,,"5,000",アルファ PO 4500012345,"6,000"
2026.11.20,800,,カイジヨウ,"5,200"
""",
    ("2026-11-16", "5000", "jpy", "4500012345", ""),
    ("2026-11-20", "-800", "jpy", "", ""),
    enc="cp932",
)

case(
    "Leumi",
    """תאריך,תאריך ערך,תיאור,אסמכתא,בחובה,בזכות,היתרה בש"ח
16/11/2026,16/11/2026,"ALPHA ANALYTICS PO 4500012345",1,,"5,000.00","6,000.00"
20/11/2026,20/11/2026,אולם,2,800.00,,"5,200.00"
""",
    ("2026-11-16", "5000.00", "ils", "4500012345", ""),
    ("2026-11-20", "-800.00", "ils", "", ""),
)

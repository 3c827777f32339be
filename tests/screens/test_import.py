"""Import: what a person sees before and after a spreadsheet is taken in."""

from __future__ import annotations

GO = "pycon-2027:import.go"
MENDED = "ap@northwind-logistics-gmbh.example"


def upload(app, name, text, mime="text/csv"):
    return app.file_uploader[0].set_value((name, text.encode(), mime)).run()


def orders(opened):
    from po_toolkit.reconcile import list_purchase_orders

    return list_purchase_orders(opened.store, opened.conference, limit=1000)


def test_mistakes_are_named_by_row_before_anything_is_kept(show, read, conference, sample):
    """Staff must see every mistake at once, and nothing may be written by looking."""
    app = show("import")
    app.file_uploader[0].set_value(sample("sponsors-with-errors.csv")).run()
    assert not app.exception
    assert {m.label: m.value for m in app.metric} == {
        "Purchase orders ready to import": "1",
        "Rejected": "7",
    }
    problems = app.table[0].value
    assert list(problems["Row"]) == ["4", "7", "9", "12", "15", "19", "22"]
    assert "twelve" in set(problems["Value"])
    assert orders(conference()).matching == 0


def test_the_good_ones_are_imported_and_the_way_goes_on_to_invoicing(
    show, read, conference, sample
):
    """Import is only half the job; the next step must be one click away."""
    app = show("import")
    app.file_uploader[0].set_value(sample("sponsors-2027.csv")).run()
    app.button(key=GO).click().run()
    assert not app.exception
    assert "40 purchase orders imported. No invoice is sent until you send it." in read(app)
    assert orders(conference()).matching == 40


def test_the_same_file_again_offers_nothing_to_import(show, read, conference, sample):
    """A second upload by mistake must not double the season's purchase orders."""
    for _ in range(2):
        app = show("import")
        app.file_uploader[0].set_value(sample("sponsors-2027.csv")).run()
        if GO in {button.key for button in app.button}:
            app.button(key=GO).click().run()
    assert "Everything is imported already" in read(app)
    assert orders(conference()).matching == 40


def test_an_amount_that_can_be_read_two_ways_is_asked_for(show, read, conference):
    """1.230 dinars taken for one and a bit instead of a thousand would bill a thousandth."""
    text = (
        "organization_name;contact_email;po_number;amount;currency\n"
        "Acme;ap@acme.example;A-1;1.230;bhd\nBolt;ap@bolt.example;B-1;5.670;bhd\n"
    )
    app = upload(show("import"), "messy.csv", text)
    assert not app.exception
    assert "decimal point or a decimal comma" in app.radio[0].label
    assert "6,900" in app.radio[0].options[1]
    assert not app.metric
    assert GO not in {button.key for button in app.button}
    app.radio[0].set_value(1).run()
    app.button(key=GO).click().run()
    assert [str(o.total) for o in orders(conference()).orders] == ["1230.000", "5670.000"]


def test_a_column_taken_for_the_wrong_field_can_be_given_another(show, read, conference):
    """Staff's files have their own headings; the proposal is only a proposal."""
    text = (
        "organization_name,contact_email,po_number,amount,net\n"
        "Acme,ap@acme.example,A-1,100.00,90.00\n"
    )
    app = upload(show("import"), "columns.csv", text)
    app.radio[0].set_value(0).run()
    assert app.dataframe[-1].value["total"].astype(str).tolist() == ["100.00"]
    grid = app.data_editor[0].key
    edits = {3: {"field": "(left out)"}, 4: {"field": "amount"}}
    app.session_state[grid] = {"edited_rows": edits, "added_rows": [], "deleted_rows": []}
    app.run()
    assert not app.exception
    app.button(key=GO).click().run()
    assert [str(o.total) for o in orders(conference()).orders] == ["90.00"]


def test_two_columns_for_one_field_are_refused_in_words(show, read, conference):
    """Which of two amounts is billed must never be left to chance."""
    text = (
        "organization_name,contact_email,po_number,amount,net\n"
        "Acme,ap@acme.example,A-1,100.00,90.00\n"
    )
    app = upload(show("import"), "columns.csv", text)
    app.radio[0].set_value(0).run()
    grid = app.data_editor[0].key
    app.session_state[grid] = {"edited_rows": {4: {"field": "amount"}}}
    app.run()
    assert not app.exception
    assert "Amount is given to 'amount' and to 'net'" in app.error[0].value


def test_a_file_that_is_no_spreadsheet_gets_one_clear_sentence(show):
    """A damaged download must not look like an empty success."""
    app = upload(show("import"), "broken.xlsx", "PK\x03\x04 cut short")
    assert not app.exception
    assert len(app.error) == 1
    assert "damaged" in app.error[0].value


def test_letters_read_wrongly_are_read_in_the_encoding_that_a_person_names(show, conference):
    """Else a sponsor in Prague gets an invoice under a name that is not theirs."""
    text = "organization_name,contact_email,po_number,amount\nKůň,ap@kun.example,A-1,100.00\n"
    app = show("import")
    app.file_uploader[0].set_value(("kun.csv", text.encode("cp1250"), "text/csv")).run()
    encoding = next(box for box in app.selectbox if box.label == "Encoding of the file")
    encoding.set_value("cp1250").run()
    app.button(key=GO).click().run()
    assert not app.exception
    assert [o.organization_name for o in orders(conference()).orders] == ["Kůň"]


def test_a_needed_column_that_was_not_found_can_be_named(show, read, conference):
    """'Kundin' in no list of names must not send staff back to rename their files."""
    text = "Widget,contact_email,po_number,amount\nAcme,ap@acme.example,A-1,100.00\n"
    app = upload(show("import"), "odd.csv", text)
    assert not app.exception
    assert "organization_name" in app.radio[0].label.replace("\\", "")
    assert "1 purchase order" in app.radio[0].options[0]
    app.radio[0].set_value(0).run()
    app.button(key=GO).click().run()
    assert not app.exception
    assert [o.organization_name for o in orders(conference()).orders] == ["Acme"]


def test_rejected_rows_are_mended_in_the_page_and_imported(show, read, conference, sample):
    """Seven mistakes must not mean seven rounds through Excel."""
    app = show("import")
    app.file_uploader[0].set_value(sample("sponsors-with-errors.csv")).run()
    app.button(key=GO).click().run()
    assert not app.exception
    assert "Rows to fix" in read(app)
    grid = app.data_editor[0]
    at = list(grid.value["Row"]).index(4)
    app.session_state[grid.key] = {"edited_rows": {at: {"contact_email": MENDED}}}
    app.run()
    assert not app.exception
    label = "Import 1 fixed purchase order"
    next(b for b in app.button if b.label == label).click().run()
    assert not app.exception
    assert orders(conference()).matching == 2
    assert "Northwind" in {o.organization_name.split()[0] for o in orders(conference()).orders}


def test_a_difference_to_an_order_that_is_there_takes_a_tick(show, read, conference):
    """The same number with another amount is a mistake until somebody says it is not."""
    sheet = "organization_name,contact_email,po_number,amount\nAcme,ap@acme.example,A-1,{}\n"
    app = upload(show("import"), "one.csv", sheet.format("100.00"))
    app.button(key=GO).click().run()
    app = upload(show("import"), "two.csv", sheet.format("200.00"))
    assert not [b for b in app.button if b.label.startswith("Import 1")]
    app.checkbox[0].check().run()
    app.button(key=GO).click().run()
    assert not app.exception
    assert orders(conference()).matching == 2


def test_an_import_of_drafts_can_be_taken_back(show, read, conference, sample):
    """The wrong file imported in haste must not stay in the books for ever."""
    app = show("import")
    app.file_uploader[0].set_value(sample("sponsors-2027.csv")).run()
    app.button(key=GO).click().run()
    app.button(key="pycon-2027:import.undo").click().run()
    assert not app.exception
    assert "Import the file again to bring them back." in read(app)
    assert orders(conference()).matching == 0


def test_another_conferences_import_stays_shut(show, read, conference, sample):
    """A guessed number must not open another conference's spreadsheet."""
    app = show("import")
    app.file_uploader[0].set_value(sample("sponsors-with-errors.csv")).run()
    app.button(key=GO).click().run()
    app = show("import", name="Live 2027", batch="1")
    assert not app.exception
    assert "no import 1" in app.error[0].value
    assert not app.data_editor


def test_a_wrong_cell_is_corrected_before_the_import(show, read, conference):
    """A slip seen in the preview must not cost a round through Excel, or a second import."""
    text = (
        "organization_name,contact_email,po_number,amount\n"
        "Acme,ap@acme.example,A-1,100.00\nBolt,nobody,B-1,200.00\n"
    )
    app = upload(show("import"), "slip.csv", text)
    grid = app.data_editor[0]
    assert list(grid.value.columns)[:3] == ["Row", "What is wrong", "contact_email"]
    assert "no @ sign" in grid.value["What is wrong"][0]
    fixed = {"edited_rows": {0: {"contact_email": "ap@bolt.example"}}}
    app.session_state[grid.key] = {**fixed, "added_rows": [], "deleted_rows": []}
    app.run()
    assert not app.exception
    grid = app.data_editor[0]
    assert list(grid.value["What is wrong"]) == ["Corrected."]
    app.button(key=GO).click().run()
    assert {o.organization_name for o in orders(conference()).orders} == {"Acme", "Bolt"}


def test_corrections_of_rejected_rows_survive_a_reload(show, read, conference, sample):
    """Half an hour of corrections must not be lost by a closed tab."""
    app = show("import")
    app.file_uploader[0].set_value(sample("sponsors-with-errors.csv")).run()
    app.button(key=GO).click().run()
    grid = app.data_editor[0]
    at = list(grid.value["Row"]).index(4)
    app.session_state[grid.key] = {"edited_rows": {at: {"contact_email": MENDED}}}
    app.run()
    assert not app.exception
    again = show("import", batch=app.query_params["batch"])
    grid = again.data_editor[0].value
    assert grid["contact_email"][list(grid["Row"]).index(4)] == MENDED

"""How long ten tasks of a day take in a real browser, in clicks, keys and seconds.

    python benchmarks/tasks.py

A season at the simulator is prepared in an empty folder: 40 purchase orders invoiced two months
ago, half of them paid, and this month's bank statement. Then a browser does each task as a person
would who knows what they want: by what is written on the page, by mouse, or by keyboard where the
task says so. Counted are the presses of a mouse button and of keys as the browser receives them;
the seconds run from the first of them until the page shows that it is done, without the time that
a person thinks and without the time between keys. A task ends by reading its result from the books.
"""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

KEY = "sk_test_tasks_pycon_2027"
SLUG = "pycon-2027"
DAY = timedelta(days=1)
INVOICES = 40
ACCEPTED = {
    "Unpaid past its due date": "Reminded",
    "Recorded here, not paid at Stripe": "Wires of these days, at Stripe since",
}
"""What a month's books still show at its end, and why a treasurer leaves it so."""
AGO = 75 * DAY
"""When the invoices were sent; they are due after 30 days."""

COUNTERS = """
const counted = (name, event) => addEventListener(event, e => {
    if (e.isTrusted) localStorage[name] = 1 + Number(localStorage[name] || 0);
}, true);
counted("clicks", "pointerdown");
counted("keys", "keydown");
"""


@dataclass
class Season:
    """The books, and who of the sponsors is what."""

    opened: Any
    simulator: Any
    references: list[str]
    statement: Path

    @property
    def month_end(self) -> date:
        """Return the last day of the month before, which is closed."""
        end: date = self.opened.today().replace(day=1) - DAY
        return end

    def story(self, place: int) -> Any:
        """Return a purchase order as it stands."""
        from po_toolkit.reconcile import purchase_order_story

        return purchase_order_story(
            self.opened.store, self.opened.conference, self.references[place]
        )


def prepare(folder: Path, simulator: Any) -> Season:
    """Fill the books: 0 to 19 paid by card, 20 to 28 wired now, the others have not paid."""
    from po_toolkit.api.imports import import_purchase_orders
    from po_toolkit.api.invoices import invoice_purchase_orders
    from po_toolkit.api.payouts import pull_payouts
    from po_toolkit.api.sync import sync_conference
    from po_toolkit.bootstrap import open_conference, open_database
    from po_toolkit.config import load_settings

    config = folder / ".streamlit" / "secrets.toml"
    config.parent.mkdir()
    database = folder / "books.db"
    config.write_text(
        f'[po_toolkit]\ndatabase_url = "sqlite:///{database}"\n'
        f'stripe_api_base = "{simulator.url}"\n[po_toolkit.conferences.{SLUG}]\n'
        f'name = "PyCon 2027"\ncurrency = "usd"\nstripe_secret_key = "{KEY}"\n'
    )
    settings = load_settings(config)
    open_database(settings)
    moved = -AGO

    def now() -> datetime:
        return datetime.now(UTC) + moved

    opened = open_conference(SLUG, settings=settings, now=now)
    simulator.control.advance(moved.total_seconds())
    report = import_purchase_orders(opened, _sponsors(), file_name="sponsors.csv")
    sent = invoice_purchase_orders(opened, references=report.references).results
    moved = -40 * DAY
    simulator.control.advance((AGO + moved).total_seconds())
    for result in sent[:20]:
        simulator.control.pay(result.stripe_invoice_id, account=KEY)
    sync_conference(opened)
    moved = -35 * DAY
    simulator.control.advance((5 * DAY).total_seconds())
    payout = simulator.control.payout("usd", account=KEY)
    moved = timedelta()
    with closing(sqlite3.connect(database)) as books:
        # the database dates rows by its own clock, and keeps what was
        books.execute("DROP TRIGGER row_versions_no_update")
        for column in ("purchase_orders.created_at", "invoices.created_at", "row_versions.until"):
            table, _, name = column.partition(".")
            books.execute(f"UPDATE {table} SET {name} = datetime({name}, '-76 days')")
        books.commit()
    simulator.control.advance((35 * DAY).total_seconds())
    opened = open_conference(SLUG, settings=settings)
    sync_conference(opened)
    pull_payouts(opened)
    season = Season(opened, simulator, report.references, folder / "bank.csv")
    _write_statement(season, Decimal(payout["amount"]) / 100)
    return season


def _sponsors() -> bytes:
    """Return the sample's sponsors without their due dates."""
    sample = (ROOT / "po_toolkit" / "samples" / "sponsors-2027.csv").read_text("utf-8")
    out = io.StringIO()
    rows = list(csv.DictReader(io.StringIO(sample)))
    names = [name for name in rows[0] if name != "due_date"]
    writer = csv.DictWriter(out, names, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def _write_statement(season: Season, payout: Decimal) -> None:
    """Write ten lines up to the month's end: the payout, seven wires, one less charges, rent."""
    end = season.month_end
    lines = [(end - DAY, "STRIPE PAYOUT", payout)]
    for place in range(20, 28):
        story = season.story(place)
        short = Decimal(15) if place == 27 else Decimal(0)
        lines.append((end - DAY, f"{story.organization_name} thanks you", story.balance - short))
    lines.append((end, "Rent of the office", Decimal("-900.00")))
    balance, text = Decimal(1000), "Date,Amount,Currency,Text,Balance\n"
    for day, words, amount in lines:
        balance += amount
        text += f"{day},{amount},USD,{words},{balance}\n"
    season.statement.write_text(text)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve the app with the folder's settings."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py")]
    with (folder / "app.log").open("wb") as log:
        server = subprocess.Popen(
            [*command, f"--server.port={port}"],
            cwd=folder,
            env={n: v for n, v in os.environ.items() if not n.startswith("PO_TOOLKIT_")},
            stdout=log,
            stderr=log,
        )
    try:
        while True:
            try:
                urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5).close()
                break
            except (URLError, OSError):
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(60)


class Person:
    """Somebody at the browser."""

    def __init__(self, page: Any, url: str, season: Season) -> None:
        """Sit down at Home."""
        self.page, self.url, self.season = page, url, season

    def home(self) -> None:
        """Open Home anew, before the counting begins."""
        self.page.goto(self.url)
        self.page.get_by_role("heading", name="Call today").wait_for()
        self.settled()

    def settled(self) -> None:
        """Wait until the page is drawn."""
        from playwright.sync_api import expect

        state = ("data-test-script-state", "notRunning")
        expect(self.page.get_by_test_id("stApp")).to_have_attribute(*state)

    def press(self, name: str | re.Pattern[str], *, last: bool = False) -> None:
        """Click a button by its name."""
        found = self.page.get_by_role("button", name=name, exact=isinstance(name, str))
        (found.last if last else found.first).click()

    def go(self, place: str) -> None:
        """Click an entry of the navigation."""
        pages = self.page.get_by_role("navigation", name="App pages")
        pages.get_by_role("link", name=place, exact=True).click()
        self.page.get_by_role("heading", name=place, exact=True).first.wait_for()

    def follow(self, name: str) -> None:
        """Click a link."""
        self.page.get_by_test_id("stMain").get_by_role("link", name=name).first.click()

    def type(self, label: str, text: str, *, clear: bool = False) -> None:
        """Click a field and type."""
        self.page.get_by_label(label, exact=True).last.click()
        if clear:
            self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.type(text)

    def sees(self, text: str | re.Pattern[str]) -> None:
        """Wait until a text is on the page."""
        self.page.get_by_text(text).first.wait_for()

    def find(self, text: str) -> None:
        """Type into the search box and press Enter."""
        self.type("Search everything", text)
        self.page.keyboard.press("Enter")

    def find_order(self, place: int) -> None:
        """Open a sponsor's purchase order by the search box."""
        story = self.season.story(place)
        self.find(story.reference)
        self.page.get_by_role("heading", name=story.organization_name).wait_for()
        self.settled()

    def choose(self, act: str) -> None:
        """Choose what to do with a purchase order."""
        acts = self.page.get_by_role("radiogroup", name="What do you want to do?")
        acts.get_by_text(act, exact=True).click()


def find_invoice(person: Person) -> str:
    """Find a caller's invoice by two words of the name and one of its accents left out."""
    story = person.season.story(30)
    words = story.organization_name.lower().split()
    person.find(" ".join(reversed(words[:2])))
    person.page.get_by_role("heading", name=story.organization_name).wait_for()
    return story.organization_name


def record_check(person: Person) -> str:
    """Record a check for the whole amount of an invoice."""
    person.find_order(31)
    before = person.season.story(31).balance
    person.choose("Record payment")
    person.page.get_by_text("Check", exact=True).click()
    person.type("The bank's or the sponsor's reference", "CHK 1041")
    person.press("Record payment", last=True)
    person.sees("Payment recorded.")
    story = person.season.story(31)
    assert story.balance == 0
    return f"{before} → {story.balance}"


def correct_email(person: Person) -> str:
    """Correct a contact's address, whose invoice is out."""
    person.find_order(32)
    person.choose("Contact and notes")
    person.type("Contact email", "billing@sponsor.example", clear=True)
    person.press("Save contact")
    person.sees("Contact and notes saved.")
    assert person.season.story(32).contact_email == "billing@sponsor.example"
    return "billing@sponsor.example"


def _line(person: Person, cells: list[str]) -> None:
    """Type a line into the grid of lines."""
    from playwright.sync_api import expect

    page, grid = person.page, person.page.get_by_test_id("stDataFrame").last
    person.page.get_by_label("Billing address").last.wait_for()
    person.settled()
    grid.scroll_into_view_if_needed()
    grid.get_by_test_id("glide-cell-1-0").wait_for(state="attached")
    page.mouse.move(600, 650)  # leave the field before it
    while not grid.locator("td[aria-selected='true']").count():
        page.wait_for_timeout(500)  # a grid that is not drawn yet loses the click
        box = grid.locator("canvas").first.bounding_box()
        page.mouse.click(box["x"] + 120, box["y"] + 35 + 17)
        page.wait_for_timeout(500)
    for column, text in enumerate(cells, 1):
        cell = grid.get_by_test_id(f"glide-cell-{column}-0")
        expect(cell).to_have_attribute("aria-selected", "true")
        page.keyboard.press("Enter")
        page.locator("#portal input, #portal textarea").first.wait_for()
        page.keyboard.type(text, delay=50)
        page.keyboard.press("Tab")
        expect(cell).to_have_text(text)


def create_order(person: Person) -> str:
    """Create a purchase order of one line by hand."""
    person.go("Purchase orders")
    person.follow("New purchase order")
    person.type("Sponsor", "Fresh Ideas Ltd")
    person.type("PO number", "FI-2027-1")
    person.type("Contact email", "ap@fresh.example")
    _line(person, ["Gold sponsorship", "1", "5000.00"])
    person.press("Create purchase order")
    person.sees("was created as a draft.")
    return "Fresh Ideas Ltd, 5,000.00 USD"


def log_call(person: Person) -> str:
    """See who is late, and log a call with a promise."""
    person.press("Note")
    person.type("What was said", "Pays on Friday")
    person.press("Save call")
    person.sees(re.compile("Call to .* logged."))
    return "logged"


def reissue(person: Person) -> str:
    """Correct the PO number of an invoice that is out: void it and send another."""
    person.find_order(33)
    person.choose("Void and reissue")
    person.type("PO number", "NEW-77", clear=True)
    person.type("Why the invoice is voided", "Wrong PO number")
    person.press("Void the invoice and send a new one")
    person.sees("The invoice was replaced; the old one was voided.")
    assert person.season.story(33).po_number == "NEW-77"
    return "NEW-77"


def refund_payment(person: Person) -> str:
    """Refund part of a payment through Stripe."""
    person.find_order(3)
    person.choose("Refund")
    person.type("Amount to refund in USD", "100.00", clear=True)
    person.type("Note", "Half a booth")
    person.press("Refund", last=True)
    person.sees("Refunded.")
    assert person.season.story(3).refunded == 100
    return "100.00 USD"


def _give_reason(page: Any, key: str, reason: str) -> None:
    """Press a key that opens a dialog, and answer it by keyboard."""
    from playwright.sync_api import expect

    page.keyboard.press(key)
    expect(page.get_by_role("dialog").get_by_role("textbox")).to_be_focused()
    page.keyboard.type(reason)
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for(state="hidden")


def match_lines(person: Person) -> str:
    """Import the statement by mouse; match its ten lines by keyboard alone."""
    from po_toolkit.api.bank_matching import bank_lines

    page = person.page
    person.go("Bank")
    upload = page.get_by_test_id("stFileUploader").locator("input[type=file]")
    upload.set_input_files(person.season.statement)
    person.type("Which of your accounts is it, where the file does not say?", "Checking")
    page.keyboard.press("Enter")
    person.press("Import 10 lines")
    person.sees("Line 1 of 10")
    for left in range(10, 0, -1):
        person.sees(f"of {left}")
        person.settled()
        text = page.get_by_test_id("stMain").inner_text()
        if "Rent of the office" in text.split("What it may be")[0]:
            _give_reason(page, "x", "Rent")
        elif "less on the bank line" in text.split("Match")[0]:
            _give_reason(page, "w", "Bank charges")
        else:
            page.keyboard.press("1")
    person.sees("Every line is matched or excluded.")
    states = [line.state for line in bank_lines(person.season.opened)]
    assert sorted(set(states)) == ["applied", "set_aside"], states
    return f"{len(states)} lines"


def remind(person: Person) -> str:
    """Send the reminders that are due, one sponsor left out."""
    person.go("Purchase orders")
    page = person.page
    page.get_by_text("Remind overdue sponsors").click()
    page.get_by_text(re.compile("Reminders: .* due today")).click()
    page.get_by_label("Leave out this time").last.wait_for()
    person.settled()
    page.get_by_label("Leave out this time").last.click()
    page.get_by_label("Leave out this time").last.press("ArrowDown")
    page.get_by_role("option").nth(1).click()  # the first one chooses all
    page.keyboard.press("Escape")
    person.press("Leave out 1 sponsor")
    person.sees("1 sponsor left out of this reminder.")
    person.press(re.compile("^Send .* reminder"))
    person.sees(re.compile("reminders? sent"))
    return "sent"


def close_month(person: Person) -> str:
    """Close the month before: accept who pays late with a reason, close, download the one ZIP."""
    from po_toolkit.api.month_end import checklist
    from po_toolkit.api.reports import closed_books

    page, through = person.page, person.season.month_end
    person.go("Reconciliation")
    page.get_by_text("Closing", exact=True).click()
    person.sees(re.compile("^Month end"))
    person.press("Open Discrepancies")
    for title, reason in ACCEPTED.items():
        page.get_by_test_id("stExpander").get_by_text(f"{title}: ").click()
        form = page.get_by_test_id("stForm").filter(visible=True)
        form.get_by_role("combobox").click()
        form.get_by_role("combobox").press("ArrowDown")
        page.get_by_role("option").first.click()  # all
        page.keyboard.press("Escape")
        form.get_by_label("Reason, printed in the month-end report").click()
        page.keyboard.type(reason)
        form.get_by_role("button", name="Accept discrepancies").click()
        person.sees(re.compile("^Accepted: "))
        page.get_by_text(f"{title}: ").wait_for(state="detached")
        person.settled()
    person.sees("No open discrepancies.")
    page.get_by_text("Closing", exact=True).click()
    person.sees(re.compile("^Month end"))
    left = [step.name for step in checklist(person.season.opened, through) if step.done is False]
    assert left == ["Close"], left
    page.get_by_text("Yes, close the books").click()
    person.press("Close")
    person.sees(re.compile("^Closed through|: Closed through"))
    with page.expect_download(timeout=300_000) as waiting:
        person.press(re.compile("All files through"))
    assert all(step.done for step in checklist(person.season.opened, through))
    (period,) = closed_books(person.season.opened)
    assert period.through == through
    return f"{period.through}, {_looked_into(Path(waiting.value.path()))} files"


def _looked_into(archive: Path) -> int:
    """Return how many files the ZIP of a month has, once report, journals and PDFs are in it."""
    with zipfile.ZipFile(archive) as files:
        names = files.namelist()
        assert "problems.txt" not in names, files.read("problems.txt").decode()
        for name in (n for n in names if n.endswith(".pdf")):
            assert files.read(name).startswith(b"%PDF-"), name
        report = files.read("report.html").decode()
        assert all(reason in report for reason in ACCEPTED.values())
    folders = Counter(name.partition("/")[0] for name in names)
    assert {"report.pdf", "closed.json", "tie-out.xlsx", "reconciliation.xlsx"} <= set(folders)
    assert folders["invoices"] == INVOICES, folders
    assert folders["journals"], folders
    return len(names)


TASKS: dict[str, Callable[[Person], str]] = {
    "Find a caller's invoice": find_invoice,
    "Record a check": record_check,
    "Correct an email address": correct_email,
    "Create a purchase order": create_order,
    "See who is late, log a call": log_call,
    "Correct an order whose invoice is out": reissue,
    "Refund a payment": refund_payment,
    "Match ten bank lines by keyboard": match_lines,
    "Send reminders, one left out": remind,
    "Close the month, take the ZIP": close_month,
}


def main() -> int:
    """Print the table; of all tasks, or of those whose functions are named."""
    from playwright.sync_api import expect, sync_playwright

    from po_toolkit.simulator import Simulator

    expect.set_options(timeout=90_000)
    only = sys.argv[1:]
    with TemporaryDirectory() as name, Simulator() as simulator:
        folder = Path(name)
        season = prepare(folder, simulator)
        with served(folder) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"),
                args=["--no-sandbox", "--disable-dev-shm-usage"],
            )
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.add_init_script(COUNTERS)
            page.set_default_timeout(90_000)
            person = Person(page, url, season)
            print("| task | clicks | keys | seconds |\n|---|---:|---:|---:|")
            for task, do in TASKS.items():
                if only and do.__name__ not in only:
                    continue
                person.home()
                page.evaluate("localStorage.clear()")
                began = time.perf_counter()
                do(person)
                spent = time.perf_counter() - began
                clicks, keys = (
                    page.evaluate(f"Number(localStorage.{name} || 0)")
                    for name in ("clicks", "keys")
                )
                print(f"| {task} | {clicks} | {keys} | {spent:.1f} |", flush=True)
            browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

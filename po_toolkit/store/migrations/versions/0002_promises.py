"""The database keeps the promises itself: one live invoice, known states, an append-only ledger."""

import re
from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op

from po_toolkit.store.columns import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

LIVE = ("planned", "drafting", "drafted", "finalized", "sent", "paid", "adopted")

KNOWN: dict[str, dict[str, tuple[str, ...]]] = {
    "purchase_orders": {
        "status": (
            "draft",
            "issued",
            "sent",
            "partially_paid",
            "paid",
            "overpaid",
            "cancelled",
        ),
        "delivery": ("", "stripe", "ourselves"),
        "e_invoice_format": ("", "facturx", "xrechnung", "xrechnung-ubl", "peppol"),
    },
    "invoices": {
        "state": (*LIVE, "replaced", "void", "deleted"),
        "step": ("customer", "draft", "lines", "send", "finalize", "done"),
        "delivery": ("stripe", "ourselves"),
    },
    "ledger_entries": {
        "kind": (
            "payment",
            "payment_reversal",
            "refund",
            "refund_failed",
            "dispute",
            "dispute_reinstated",
            "transfer_in",
            "transfer_out",
        ),
        "method": ("stripe", "wire", "ach", "check", "other"),
        "source": ("stripe", "manual", "bank"),
    },
    "stripe_writes": {"state": ("pending", "done", "refused", "superseded")},
    "money_intents": {
        "kind": ("payment", "credit_note", "refund"),
        "step": ("report", "attach", "done", "refused"),
    },
    "invoice_batches": {"state": ("running", "paused", "cancelled", "done")},
    "webhook_events": {"state": ("received", "processed", "ignored", "failed", "set_aside")},
    "reminders": {"state": ("sending", "sent", "drafted", "refused", "passed")},
    "import_rows": {"outcome": ("accepted", "rejected", "duplicate", "mended", "undone")},
    "bank_statements": {"state": ("proven", "unproven", "held", "accepted")},
    "bank_matches": {
        "kind": ("payout", "payout_return", "entry", "reversal"),
        "state": ("applied", "undone"),
    },
    "jobs": {
        "state": (
            "waiting",
            "running",
            "done",
            "partly",
            "invoiced",
            "skipped",
            "failed",
            "cancelled",
        )
    },
    "customer_balances": {"kind": ("cash", "credit")},
}
"""The values a column may have, by table."""

TIED = ("ledger_entries", "credit_notes", "money_intents")
"""Tables whose currency is their purchase order's."""

FROZEN = {
    "ledger_entries": (
        "id uuid conference_id purchase_order_id kind method amount currency source source_id "
        "reference payment_date booked_on note entered_by reverses_id stripe_payment_id created_at"
    ),
    "credit_notes": (
        "id uuid conference_id purchase_order_id amount currency reason credit_date booked_on "
        "issued_by created_at"
    ),
    "audit_entries": "id at actor act conference_id subject_type subject_id before after digest",
    "row_versions": "id conference_id table_name row_id until old_values",
    "closed_periods": "id conference_id last_day timezone closed_at closed_by digest report "
    "audit_entries audit_digest",
}
"""Columns that are written once, by table; none of these rows is ever deleted."""

ONCE = {
    "ledger_entries": (
        "(OLD.invoice_id IS NOT NULL AND NEW.invoice_id {differs} OLD.invoice_id)"
        " OR (OLD.stripe_payment_record_id <> '' AND NEW.stripe_payment_record_id"
        " NOT IN ('', OLD.stripe_payment_record_id))"
    ),
    "credit_notes": (
        "(OLD.stripe_credit_note_id IS NOT NULL"
        " AND NEW.stripe_credit_note_id {differs} OLD.stripe_credit_note_id)"
    ),
}
"""Stripe's ids, which may be added later, but never be replaced by others."""


def upgrade() -> None:
    """Apply."""
    _columns_and_tables()
    _make_jobs()
    _make_operations()
    _refuse_what_breaks_a_rule()
    op.create_index(
        "uq_invoices_live",
        "invoices",
        ["purchase_order_id"],
        unique=True,
        sqlite_where=sa.column("state").in_(LIVE),
        postgresql_where=sa.column("state").in_(LIVE),
    )
    op.create_index(
        "uq_purchase_orders_id_currency", "purchase_orders", ["id", "currency"], unique=True
    )
    for table in {**KNOWN, **dict.fromkeys(TIED)}:
        _constrain(table)
    for table in FROZEN:
        _freeze(table)


def _columns_and_tables() -> None:
    """Make what this release keeps besides; the rules come after."""
    with op.batch_alter_table("conferences", schema=None) as batch_op:
        for name, length in (("stripe_account_id", 255), ("stripe_key_digest", 16)):
            batch_op.add_column(
                sa.Column(name, sa.String(length), server_default="", nullable=False)
            )
        batch_op.add_column(sa.Column("stripe_livemode", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("archived_at", UtcDateTime(), nullable=True))

    with op.batch_alter_table("sync_cursors", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reread_from", UtcDateTime(), nullable=True))
        batch_op.add_column(
            sa.Column("recent_events", sa.JSON(), server_default="[]", nullable=False)
        )
        batch_op.add_column(sa.Column("invoices_listed_at", UtcDateTime(), nullable=True))

    with op.batch_alter_table("stray_invoices", schema=None) as batch_op:
        for name, kind in (
            ("conference_slug", sa.String()),
            ("order_uuid", sa.String(36)),
            ("revises", sa.String(255)),
            ("sponsor_key", sa.String()),
        ):
            batch_op.add_column(sa.Column(name, kind, server_default="", nullable=False))
        batch_op.add_column(
            sa.Column("generation", sa.Integer(), server_default="0", nullable=False)
        )
        batch_op.add_column(sa.Column("texts", sa.JSON(), server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("stripe_created_at", UtcDateTime(), nullable=True))
        for name in ("order_uuid", "sponsor_key"):
            batch_op.create_index(batch_op.f(f"ix_stray_invoices_{name}"), [name])

    with op.batch_alter_table("purchase_orders", schema=None) as batch_op:
        for name in ("buyer_reference", "e_invoice_address", "contact_phone"):
            batch_op.add_column(sa.Column(name, sa.String(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("cc_emails", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("answers", sa.JSON(), server_default="{}", nullable=False))
        batch_op.add_column(
            sa.Column("asked_again", sa.BigInteger(), server_default="0", nullable=False)
        )
        batch_op.add_column(
            sa.Column("e_invoice_format", sa.String(16), server_default="", nullable=False)
        )

    with op.batch_alter_table("invoice_documents", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("handed_over_to", sa.String(), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("handed_over_at", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("bank_statements", schema=None) as batch_op:
        batch_op.add_column(sa.Column("layout", sa.String(), server_default="", nullable=False))

    with op.batch_alter_table("bank_transactions", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("counterparty_account", sa.String(), server_default="", nullable=False)
        )
        batch_op.add_column(
            sa.Column("payment_references", sa.JSON(), server_default="[]", nullable=False)
        )
        batch_op.add_column(
            sa.Column("reversal", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.add_column(sa.Column("duplicate_of_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_bank_transactions_duplicate_of_id"),
            "bank_transactions",
            ["duplicate_of_id"],
            ["id"],
        )

    with op.batch_alter_table("bank_matches", schema=None) as batch_op:
        batch_op.add_column(sa.Column("credit_note_uuid", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("reversed_match_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_bank_matches_reversed_match_id"),
            "bank_matches",
            ["reversed_match_id"],
            ["id"],
        )
    with op.batch_alter_table("ledger_entries", schema=None) as batch_op:
        batch_op.add_column(sa.Column("stripe_attached", sa.BigInteger(), nullable=True))
    with op.batch_alter_table("invoices", schema=None) as batch_op:
        batch_op.add_column(sa.Column("stripe_auto_advance", sa.Boolean(), nullable=True))
        batch_op.add_column(
            sa.Column("stripe_balance_moves", sa.JSON(), server_default="[]", nullable=False)
        )
        batch_op.add_column(
            sa.Column("settled_before", sa.BigInteger(), server_default="0", nullable=False)
        )
    op.add_column(
        "conferences",
        sa.Column("changed_settings", sa.JSON(), server_default="{}", nullable=False),
    )
    _outbox()
    _calls_and_files()
    _accepted_discrepancies()


def _calls_and_files() -> None:
    """Keep calls to sponsors, and files attached to a purchase order."""
    op.create_table(
        "contact_calls",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conference_id", sa.Integer(), nullable=False),
        sa.Column("purchase_order_id", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("promised_on", sa.Date(), nullable=True),
        sa.Column("entered_by", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        *_owners("contact_calls"),
    )
    op.create_index("ix_contact_calls_purchase_order_id", "contact_calls", ["purchase_order_id"])
    op.create_table(
        "purchase_order_files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conference_id", sa.Integer(), nullable=False),
        sa.Column("purchase_order_id", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("entered_by", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        *_owners("purchase_order_files"),
        sa.UniqueConstraint(
            "purchase_order_id",
            "sha256",
            name=op.f("uq_purchase_order_files_purchase_order_id_sha256"),
        ),
    )


def _accepted_discrepancies() -> None:
    """Keep which discrepancies a treasurer accepted, and why."""
    op.create_table(
        "accepted_discrepancies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conference_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("at_stake", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("accepted_by", sa.String(), nullable=False),
        sa.Column("accepted_at", UtcDateTime(), nullable=False),
        sa.Column("withdrawn_by", sa.String(), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conference_id"],
            ["conferences.id"],
            name=op.f("fk_accepted_discrepancies_conference_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accepted_discrepancies")),
    )


def _owners(table: str) -> list[sa.Constraint]:
    """Tie a new table's rows to their conference and purchase order."""
    return [
        sa.ForeignKeyConstraint(
            ["conference_id"], ["conferences.id"], name=op.f(f"fk_{table}_conference_id")
        ),
        sa.ForeignKeyConstraint(
            ["purchase_order_id"],
            ["purchase_orders.id"],
            name=op.f(f"fk_{table}_purchase_order_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


_KEY = re.compile(r"(?P<slot>.*)-a(?P<attempt>[0-9]+)(?:-c(?P<change>[0-9]+))?")


def _outbox() -> None:
    """Let each stored write say whose attempt it is and how it ended."""
    with op.batch_alter_table("stripe_writes", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("kind", sa.String(length=32), server_default="", nullable=False)
        )
        batch_op.add_column(
            sa.Column("slot", sa.String(length=200), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("attempt", sa.Integer(), server_default="1", nullable=False))
        batch_op.add_column(
            sa.Column("state", sa.String(length=16), server_default="pending", nullable=False)
        )
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT id, idempotency_key, path FROM stripe_writes")).all()
    moved = [{"id": row.id, **_slot_of(row.idempotency_key, row.path)} for row in rows]
    if moved:
        connection.execute(
            sa.text("UPDATE stripe_writes SET slot = :slot, attempt = :attempt WHERE id = :id"),
            moved,
        )
    connection.execute(
        sa.text("UPDATE stripe_writes SET state = 'done' WHERE finished_at IS NOT NULL")
    )
    op.create_index(
        "uq_stripe_writes_slot_attempt", "stripe_writes", ["slot", "attempt"], unique=True
    )


def _slot_of(key: str, path: str) -> dict[str, str | int]:
    """Return the slot and attempt of a key as the first release made it."""
    parts = _KEY.fullmatch(key)
    if parts is None:
        return {"slot": key, "attempt": 1}
    slot, attempt = parts["slot"], int(parts["attempt"])
    if parts["change"] is not None:
        step = "tax-id" if path.endswith("/tax_ids") else "details"
        return {"slot": f"{slot}-g{attempt}-{step}", "attempt": int(parts["change"]) + 1}
    if slot.startswith("customer-"):
        return {"slot": f"{slot}-g{attempt}-create", "attempt": 1}
    return {"slot": slot, "attempt": attempt}


def _make_jobs() -> None:
    """Put batches' items and other long work into one queue; what ran is taken up again."""
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conference_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.Column("purchase_order_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("run_after", UtcDateTime(), nullable=True),
        sa.Column("lease_owner", sa.String(length=64), nullable=False),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("moved_at", UtcDateTime(), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("remedy", sa.JSON(), nullable=True),
        sa.Column("stripe_invoice_id", sa.String(length=255), nullable=False),
        sa.Column("hosted_url", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conference_id"], ["conferences.id"], name=op.f("fk_jobs_conference_id")
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["invoice_batches.id"], name=op.f("fk_jobs_batch_id")
        ),
        sa.ForeignKeyConstraint(
            ["purchase_order_id"], ["purchase_orders.id"], name=op.f("fk_jobs_purchase_order_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.execute(
        """
        INSERT INTO jobs (conference_id, kind, batch_id, purchase_order_id, state, run_after,
          lease_owner, attempts, progress, message, stripe_invoice_id, hosted_url, entered_by,
          created_at, ended_at)
        SELECT b.conference_id, 'invoice', i.batch_id, i.purchase_order_id,
          CASE i.state WHEN 'queued' THEN 'waiting' ELSE i.state END, i.not_before,
          '', 0, 0, i.error, i.stripe_invoice_id, i.hosted_url, b.entered_by,
          b.created_at, i.finished_at
        FROM invoice_batch_items i JOIN invoice_batches b ON b.id = i.batch_id ORDER BY i.id
        """
    )
    op.execute(
        """
        INSERT INTO jobs (conference_id, kind, batch_id, state, lease_owner, attempts, progress,
          message, stripe_invoice_id, hosted_url, entered_by, created_at, ended_at)
        SELECT conference_id, 'batch', id,
          CASE WHEN state IN ('running', 'paused') THEN 'waiting' ELSE state END,
          '', 0, 0, '', '', '', entered_by, created_at, ended_at
        FROM invoice_batches ORDER BY id
        """
    )
    op.execute(
        """
        INSERT INTO jobs (conference_id, kind, state, lease_owner, attempts, progress, message,
          stripe_invoice_id, hosted_url, entered_by, created_at, ended_at)
        SELECT conference_id, kind, CASE state WHEN 'running' THEN 'failed' ELSE state END,
          '', 0, stripe_calls,
          CASE state WHEN 'running' THEN 'It was cut off by the update. Start it again.'
            ELSE said END,
          '', '', entered_by, created_at, COALESCE(ended_at, alive_at)
        FROM errands ORDER BY id
        """
    )
    active = sa.text("state IN ('waiting', 'running') AND batch_id IS NULL")
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.create_index("ix_jobs_batch_id", ["batch_id", "state"], unique=False)
        batch_op.create_index("ix_jobs_state", ["state", "kind", "batch_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_jobs_purchase_order_id"), ["purchase_order_id"], unique=False
        )
        batch_op.create_index(
            "uq_jobs_active",
            ["conference_id", "kind"],
            unique=True,
            sqlite_where=active,
            postgresql_where=active,
        )
    op.drop_table("invoice_batch_items")
    op.drop_table("errands")
    with op.batch_alter_table("webhook_events", schema=None) as batch_op:
        batch_op.drop_column("claimed_until")
    with op.batch_alter_table("sync_cursors", schema=None) as batch_op:
        batch_op.drop_column("reminding_until")
        batch_op.add_column(sa.Column("remind_again_at", UtcDateTime(), nullable=True))


def _make_operations() -> None:
    """Make what the installation knows of itself, and begin the chain of audit entries."""
    with op.batch_alter_table("audit_entries", schema=None) as batch_op:
        batch_op.add_column(sa.Column("digest", sa.String(64), server_default="", nullable=False))
    with op.batch_alter_table("closed_periods", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("audit_entries", sa.Integer(), server_default="0", nullable=False)
        )
        batch_op.add_column(
            sa.Column("audit_digest", sa.String(64), server_default="", nullable=False)
        )
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.execute("INSERT INTO audit_head (id, entries, digest) VALUES (1, 0, '')")
    op.create_table(
        "workers",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("kinds", sa.String(255), nullable=False),
        sa.Column("sync_seconds", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_workers")),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conference_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conference_id"], ["conferences.id"], name=op.f("fk_notices_conference_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint(
            "conference_id", "subject", name=op.f("uq_notices_conference_id_subject")
        ),
    )
    op.create_table(
        "approvals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("purchase_order_id", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(32), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("confirmed_by", sa.String(), nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["purchase_order_id"],
            ["purchase_orders.id"],
            name=op.f("fk_approvals_purchase_order_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
    )
    with op.batch_alter_table("approvals", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_approvals_purchase_order_id"), ["purchase_order_id"])


def _refuse_what_breaks_a_rule() -> None:
    """Name the rows that break a rule; nothing is migrated then."""
    found = []
    for table, columns in KNOWN.items():
        for column, values in columns.items():
            found += _rows(
                f"SELECT id, {column} FROM {table} WHERE {column} NOT IN ({_listed(values)})",  # noqa: S608 our own names
                f"{table} {{}} has the unknown {column} '{{}}'",
            )
    for table in TIED:
        found += _rows(
            f"SELECT o.reference, r.currency FROM {table} r JOIN purchase_orders o "  # noqa: S608 our own names
            "ON o.id = r.purchase_order_id WHERE o.currency <> r.currency",
            f"purchase order {{}} has a row of {table} in another currency, {{}}",
        )
    found += _rows(
        "SELECT o.reference, count(*) FROM invoices i JOIN purchase_orders o "  # noqa: S608 our own names
        f"ON o.id = i.purchase_order_id WHERE i.state IN ({_listed(LIVE)}) "
        "GROUP BY o.reference HAVING count(*) > 1",
        "purchase order {} has {} invoices that count; void all but one in Stripe and sync with "
        "the release that you have used so far",
    )
    if found:
        raise ValueError("; ".join(found[:20]))


def _rows(query: str, words: str) -> list[str]:
    return [words.format(*row) for row in op.get_bind().execute(sa.text(query))]


def _constrain(table: str) -> None:
    """Add a table's checks, and tie its currency to its purchase order's."""
    checks = {
        f"ck_{table}_{column}_known": f"{column} IN ({_listed(values)})"
        for column, values in KNOWN.get(table, {}).items()
    }
    clauses = [f"CONSTRAINT {name} CHECK ({rule})" for name, rule in checks.items()]
    if table in TIED:
        clauses.append(
            f"CONSTRAINT fk_{table}_purchase_order_id_currency "
            "FOREIGN KEY (purchase_order_id, currency) REFERENCES purchase_orders (id, currency)"
        )
    if op.get_bind().dialect.name == "sqlite":
        _rebuild(table, clauses)
        return
    for clause in clauses:
        op.execute(f"ALTER TABLE {table} ADD {clause}")


def _rebuild(table: str, clauses: Iterable[str]) -> None:
    """Make a table of SQLite again with more constraints; the caller has foreign keys off.

    Source: SQLite, "ALTER TABLE", section 7. The number of the last row is carried over, so that
    the id of a row that was deleted is not given again.
    """
    connection = op.get_bind()
    made, *others = connection.exec_driver_sql(
        "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL "
        "ORDER BY type = 'table' DESC, name",
        (table,),
    ).scalars()
    name, body = made.rstrip().removesuffix(")").split("(", 1)
    added = ", \n\t".join(clauses)
    name = name.replace(table, f"new_{table}")
    connection.exec_driver_sql(f"{name}({body.rstrip()}, \n\t{added}\n)")
    op.execute(f"INSERT INTO new_{table} SELECT * FROM {table}")  # noqa: S608 our own names
    op.execute(
        f"UPDATE sqlite_sequence SET seq = (SELECT seq FROM sqlite_sequence WHERE name = '{table}')"  # noqa: S608
        f" WHERE name = 'new_{table}' AND EXISTS "
        f"(SELECT 1 FROM sqlite_sequence WHERE name = '{table}')"
    )
    op.execute(f"DROP TABLE {table}")
    op.execute(f"ALTER TABLE new_{table} RENAME TO {table}")
    for statement in others:
        connection.exec_driver_sql(statement)


def _freeze(table: str) -> None:
    """Let the database itself refuse to change or delete what is booked."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    differs = "NEW.{0} IS NOT OLD.{0}" if sqlite else "NEW.{0} IS DISTINCT FROM OLD.{0}"
    columns = FROZEN[table].split()
    json = {"before", "after", "old_values"}
    tests = [
        differs.format(c) if sqlite or c not in json else f"NEW.{c}::text <> OLD.{c}::text"
        for c in columns
    ]
    if table in ONCE:
        tests.append(ONCE[table].format(differs="IS NOT" if sqlite else "IS DISTINCT FROM"))
    changed = " OR ".join(tests)
    if sqlite:
        refusal = f"SELECT RAISE(ABORT, '{table}: a row is never changed or deleted')"
        for event, when in (("UPDATE", f"WHEN {changed} "), ("DELETE", "")):
            op.execute(
                f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} "
                f"FOR EACH ROW {when}BEGIN {refusal}; END"
            )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION po_toolkit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION '%: a row is never changed or deleted', TG_TABLE_NAME "
        "USING ERRCODE = 'restrict_violation'; END $$"
    )
    for event, when in (
        ("UPDATE", f"FOR EACH ROW WHEN ({changed})"),
        ("DELETE", "FOR EACH ROW"),
        ("TRUNCATE", "FOR EACH STATEMENT"),
    ):
        op.execute(
            f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} "
            f"{when} EXECUTE FUNCTION po_toolkit_refuse()"
        )


def _listed(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)

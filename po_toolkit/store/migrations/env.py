"""Alembic's entry: runs on the connection that ``po_toolkit.store.schema`` hands over."""

from alembic import context

from po_toolkit.store.columns import UtcDateTime
from po_toolkit.store.tables import Base


def _render(kind: str, item: object, autogen: object) -> str | bool:
    if kind == "type" and isinstance(item, UtcDateTime):
        autogen.imports.add("from po_toolkit.store.columns import UtcDateTime")  # type: ignore[attr-defined]
        return "UtcDateTime()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=_render,
)
with context.begin_transaction():
    context.run_migrations()

"""Read the books into pandas: who owes what, what came in each month, and what does not add up."""

from po_toolkit import harmless, open_conference

with open_conference("pycon-2027") as conference:
    books = conference.reconcile()

rows = books.frame("rows")
outstanding = rows[(rows["balance"] > 0) & (rows["status"] != "cancelled")]
by_sponsor = outstanding.groupby(["currency", "organization_name"])["balance"].sum()
print(by_sponsor.sort_values(ascending=False))

entries = books.frame("entries")
by_month = entries.groupby(["currency", entries["booked_on"].dt.to_period("M")])["paid"].sum()
print(by_month)

for code, reference in books.frame("discrepancies")[["code", "reference"]].itertuples(index=False):
    print(code, reference)

# A sponsor's name that begins with "=" must not be run as a formula by whoever opens the file.
texts = outstanding.select_dtypes("string").columns
outstanding.assign(**{name: outstanding[name].map(harmless) for name in texts}).to_csv(
    "outstanding.csv", index=False
)

"""Purchase orders to Stripe invoices, payments and books that add up."""

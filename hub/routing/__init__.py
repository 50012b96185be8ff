"""Routing: sendings, recipients, deliveries, channels, notices and receipts."""

"""The same matching as `identity.linkage`, column by column, for a whole region at once."""

from identity.bulk.processor import choose_sort

choose_sort()

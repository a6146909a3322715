"""The network's own names, with or without `module.`; nothing may be left over."""

from severe_bench.models.layout import Layout

PLAIN = Layout("plain")

"""Imported by the fork server of loader processes only: it and its children ignore signals then."""

from severe_bench.data.undisturbed import ignore_signals

ignore_signals()

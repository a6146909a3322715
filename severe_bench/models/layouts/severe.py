"""This package's own files: the backbone's names, and metadata beside them."""

from severe_bench.models.layout import Layout

SEVERE = Layout("severe", wrappers=("state_dict",), prefixes=())

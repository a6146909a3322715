"""Which environment variables a benchmarks.yaml took values from."""

from collections.abc import Iterator, Mapping


class NotedEnvironment(Mapping[str, str]):
    """An environment that remembers what was read from it, so that a run can be repeated.

    Example:
        >>> noted = NotedEnvironment({"SCALE": "0.2", "HOME": "/root"})
        >>> noted.get("SCALE"), noted.get("DATA"), noted.taken
        ('0.2', None, {'SCALE': '0.2'})
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.taken: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        """The variable's value, noted."""
        value = self._environ[name]
        self.taken[name] = value
        return value

    def __iter__(self) -> Iterator[str]:
        """All names; none is noted."""
        return iter(self._environ)

    def __len__(self) -> int:
        """Number of variables."""
        return len(self._environ)

"""`${NAME}` and `${NAME:-default}` in strings of benchmarks.yaml."""

import re
from collections.abc import Mapping

from severe_bench.core.errors import UserError

_TOKEN = re.compile(r"\$\$|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}|\$\{")


def interpolate(text: str, environ: Mapping[str, str]) -> str:
    """Replace `${NAME}` by the variable's value and `$$` by one dollar sign.

    As in a shell, `${NAME:-default}` takes the default also where the variable is empty. A lone
    `$` is kept, and values are not interpolated again.

    Raises:
        UserError: a variable is unset and has no default, or a `${` is not closed by `}` or does
            not hold a name.

    Example:
        >>> interpolate("${DATA}/ucf101 costs $$5, ${N:-3}", {"DATA": "/data"})
        '/data/ucf101 costs $5, 3'
    """

    def value(token: re.Match[str]) -> str:
        if token.group() == "$$":
            return "$"
        if token.group("name") is None:
            raise UserError(f"cannot read {text!r}", mend="write ${NAME}, ${NAME:-default} or $$")
        return _variable(token.group("name"), token.group("default"), environ)

    return _TOKEN.sub(value, text)


def _variable(name: str, default: str | None, environ: Mapping[str, str]) -> str:
    if default is not None:
        return environ.get(name) or default
    if name not in environ:
        mend = f"export {name}=... or write ${{{name}:-default}}"
        raise UserError(f"the environment variable {name} is not set", mend=mend)
    return environ[name]

"""Just enough of an HTML reader to look into a page."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "hr", "img", "input"}


@dataclass
class Node:
    tag: str
    attributes: dict[str, str]
    children: list["Node | str"] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(c if isinstance(c, str) else c.text for c in self.children)

    def every(self, tag: str = "") -> list["Node"]:
        nodes = [c for c in self.children if isinstance(c, Node)]
        below = [found for node in nodes for found in node.every(tag)]
        return [node for node in nodes if tag in ("", node.tag)] + below

    def by_id(self, name: str) -> "Node":
        (found,) = [node for node in self.every() if node.attributes.get("id") == name]
        return found

    def table(self, name: str) -> list[list[str]]:
        rows = self.by_id(f"table-{name}").every("tr")
        cells = [[c for c in row.children if isinstance(c, Node)] for row in rows]
        return [[cell.text.strip() for cell in row] for row in cells]


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Node(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def parse(page: str) -> Node:
    """The page as a tree; every element must be closed by its own end tag."""
    builder = _Builder()
    builder.feed(page)
    builder.close()
    assert builder.open == [builder.root]
    return builder.root

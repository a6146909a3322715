"""Lines that fit a terminal."""

from severe_bench.cli.folding import WIDTH, folded


def test_long_text_goes_on_below_its_beginning_and_words_stay_whole() -> None:
    path = "/a/" + "b" * 100
    lines = folded("ok     ", f"{'word ' * 30}{path}").splitlines()
    assert lines[0].startswith("ok     word")
    assert all(line.startswith("       ") for line in lines[1:])
    assert max(map(len, lines[:-1])) <= WIDTH
    assert lines[-1].strip() == path
    assert folded("ok  ", "") == "ok"

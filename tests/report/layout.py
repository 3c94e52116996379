"""Where the texts of a figure lie, by matplotlib's own renderer."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox


class _Recorder(RendererAgg):
    """Notes each text that is really drawn."""

    texts: dict[Any, None]
    lines: dict[str, Any]  # line -> the text of several lines that it is one of

    def draw_text(self, *args: Any, **kwargs: Any) -> None:
        drawn = kwargs.get("mtext") or args[-1]
        self.texts[drawn if isinstance(drawn, Text) else self.lines[args[3]]] = None
        super().draw_text(*args, **kwargs)


def boxes(figure: Figure) -> list[tuple[str, Bbox]]:
    """Every text of the picture with its box in pixels."""
    width, height = figure.get_size_inches() * figure.dpi
    recorder = _Recorder(width, height, figure.dpi)
    recorder.texts = {}
    found = figure.findobj(Text)
    recorder.lines = {line: text for text in found for line in text.get_text().split("\n")}
    figure.draw(recorder)
    assert recorder.texts, "a figure without any text"
    return [(text.get_text(), text.get_window_extent(recorder)) for text in recorder.texts]


def misplaced(figure: Figure) -> list[tuple[str, str]]:
    """Pairs of texts that share an area, a pixel's rounding aside, and texts that the picture's edge cuts."""
    placed = boxes(figure)
    width, height = figure.get_size_inches() * figure.dpi
    return [
        (first, second)
        for (first, one), (second, other) in combinations(placed, 2)
        if (shared := Bbox.intersection(one, other)) is not None and shared.width > 1 and shared.height > 1
    ] + [
        (text, "edge")
        for text, box in placed
        if box.x0 < 0 or box.y0 < 0 or box.x1 > width or box.y1 > height
    ]

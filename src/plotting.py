"""Colours, fonts and PNG bytes that every picture of the project shares."""

from __future__ import annotations

import contextlib
import functools
import io
import logging
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

log = logging.getLogger(__name__)

WIDTH_IN = 8.3  # shown by GitHub at about 830 px, so one point of type is 1.4 px
PIXELS_PER_IN = 200
PAD_WIDTH_IN, PAD_HEIGHT_IN = 0.09, 0.06  # around each panel
BASE_FONT = "DejaVu Sans"  # comes with matplotlib
CJK_FONTS = (  # families with Chinese, Japanese and Korean, tried in this order before any other
    "Noto Sans CJK SC, Noto Sans SC, Source Han Sans SC, Microsoft YaHei, PingFang SC, WenQuanYi Micro Hei, "
    "WenQuanYi Zen Hei, SimHei, Arial Unicode MS, Droid Sans Fallback"
).split(", ")
PLACEHOLDER_FONT = "Last Resort"  # draws a box for every character


@dataclass(frozen=True)
class Theme:
    """Colours for one background; the series are Okabe and Ito's, which colour-blind readers can distinguish."""

    background: str
    text: str
    muted: str
    grid: str
    baseline: str
    series: tuple[str, ...]


LIGHT = Theme(
    background="#ffffff",
    text="#1f2328",
    muted="#59636e",
    grid="#d9dee4",
    baseline="#8c959f",
    series=("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"),
)
DARK = Theme(
    background="#0d1117",
    text="#f0f6fc",
    muted="#a5adb8",
    grid="#2d343d",
    baseline="#7d8590",
    series=("#56B4E9", "#E69F00", "#1FBF8F", "#E08FBF", "#F0E442", "#E8743B"),
)


def new_figure(height_in: float, theme: Theme) -> Figure:
    """An empty figure of the usual width, laid out by matplotlib, rendered by Agg without global state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    figure = Figure(
        figsize=(WIDTH_IN, height_in),
        dpi=PIXELS_PER_IN,
        facecolor=theme.background,
        layout=ConstrainedLayoutEngine(w_pad=PAD_WIDTH_IN, h_pad=PAD_HEIGHT_IN),
    )
    FigureCanvasAgg(figure)
    return figure


def png_bytes(figure: Figure) -> bytes:
    """The figure as PNG; the same figure gives the same bytes."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", facecolor=figure.get_facecolor(), metadata={"Software": None})
    return stream.getvalue()


def font_families(text: str) -> list[str] | None:
    """Font families that together cover every character of `text`; None where this machine has none."""
    from matplotlib import font_manager

    base = font_manager.findfont(font_manager.FontProperties(family=BASE_FONT))
    missing = frozenset(text) - _characters_of(base, text)
    if not missing:
        return [BASE_FONT]
    fallback = _font_with(missing)
    return None if fallback is None else [BASE_FONT, fallback]


def font(text: str, color: str, size: float = 10, weight: str = "normal") -> dict[str, Any]:
    """How matplotlib writes `text`, which it reads as no formula."""
    return {
        "color": color,
        "fontsize": size,
        "fontweight": weight,
        "fontfamily": font_families(text) or [BASE_FONT],
        "parse_math": False,
    }


def style_axes(axes: Axes, theme: Theme, label_pt: float, grid: str = "both", spine: str = "") -> None:
    """A panel without tick marks, and without a frame but for one `spine`; the `grid` lies behind what is drawn."""
    axes.set_facecolor(theme.background)
    axes.tick_params(colors=theme.muted, labelsize=label_pt, length=0, labelfontfamily=BASE_FONT)
    axes.grid(axis=grid, color=theme.grid, linewidth=0.8)  # type: ignore[arg-type]
    axes.set_axisbelow(True)
    for side, line in axes.spines.items():
        line.set_visible(side == spine)
        line.set_color(theme.muted)


def drawable(text: str, fallback: str) -> str:
    """`text` where a font can show it, else `fallback`, with a warning instead of empty boxes."""
    if font_families(text) is not None:
        return text
    remedy = "Install one (Debian: apt install fonts-noto-cjk)."
    log.warning("no font here shows %r, so pictures say %r. %s", text, fallback, remedy)
    return fallback


def shortened(text: str, columns: int) -> str:
    """`text` on one line of at most `columns`, where a wide character takes two; an ellipsis replaces the middle."""
    characters = list(" ".join(text.split()))
    if sum(map(_columns_of, characters)) <= columns:
        return "".join(characters)
    head: list[str] = []
    tail: list[str] = []
    room = columns - 1
    while characters:
        side = head if len(head) <= len(tail) else tail
        character = characters.pop(0 if side is head else -1)
        room -= _columns_of(character)
        if room < 0:
            break
        side.append(character)
    return "".join(head) + "\u2026" + "".join(reversed(tail))


def _columns_of(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _characters_of(font_path: str, text: str | frozenset[str]) -> frozenset[str]:
    from matplotlib import font_manager

    font = font_manager.get_font(font_path)
    return frozenset(character for character in text if font.get_char_index(ord(character)))


@functools.lru_cache(maxsize=64)
def _font_with(characters: frozenset[str]) -> str | None:
    return _first_font_with(characters, _known_fonts()) or _first_font_with(characters, _new_fonts())


def _first_font_with(characters: frozenset[str], fonts: Iterable[tuple[str, str]]) -> str | None:
    for family, path in fonts:
        try:
            found = _characters_of(path, characters)
        except (OSError, RuntimeError):  # a font file that is broken or deleted covers nothing
            continue
        if found == characters:
            return family
    return None


def _known_fonts() -> list[tuple[str, str]]:
    """Families and files of the cached fonts, those with Chinese, Japanese and Korean first."""
    from matplotlib import font_manager

    ranks = {family: rank for rank, family in enumerate(CJK_FONTS)}
    known = [
        (font.name, font.fname)
        for font in font_manager.fontManager.ttflist
        if PLACEHOLDER_FONT not in font.name
    ]
    return sorted(known, key=lambda font: ranks.get(font[0], len(ranks)))


def _new_fonts() -> Iterator[tuple[str, str]]:
    """Fonts that were installed after matplotlib cached its font list."""
    from matplotlib import font_manager

    known = {entry.fname for entry in font_manager.fontManager.ttflist}
    for path in sorted(set(font_manager.findSystemFonts()) - known):
        before = len(font_manager.fontManager.ttflist)
        with contextlib.suppress(OSError, RuntimeError):  # a broken font file covers nothing
            font_manager.fontManager.addfont(path)
        yield from ((entry.name, entry.fname) for entry in font_manager.fontManager.ttflist[before:])

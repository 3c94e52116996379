"""C, whose fragments get the headers and the main that they lack."""

import re

from src.languages.language import DataFlow, Evidence, Language, Pattern, Source
from src.languages.syntax import TreeSitter

DEFINITIONS = (
    "function_definition preproc_include preproc_def preproc_function_def type_definition struct_specifier"
    " enum_specifier declaration union_specifier"
)
MAIN = Pattern(r"\bmain\s*\(")
# Only what is widely used: a header that exists nowhere was made up, and including it is an error. A folder's name
# stands for all in it.
_LIBRARIES = (
    "conio.h windows.h graphics.h dos.h bios.h process.h direct.h io.h winsock2.h winsock.h ws2tcpip.h mmsystem.h tchar.h"
    " winuser.h intrin.h iostream.h fstream.h iomanip.h malloc curses.h ncurses.h readline openssl curl zlib.h"
    " png.h jpeglib.h tiffio.h sqlite3.h mysql.h mysql libpq-fe.h pqxx hiredis mongoc cjson cJSON.h jansson.h json-c"
    " json.h json nlohmann rapidjson tinyxml2.h tinyxml.h libxml pugixml.hpp expat.h yaml-cpp yaml.h boost Eigen eigen3"
    " armadillo opencv opencv2 cv.h highgui.h dlib tensorflow torch caffe GL GLFW GLUT glm glad SDL.h SDL2 SDL_image.h"
    " SFML allegro.h allegro5 raylib.h gtk gtkmm glib.h gio QApplication QtWidgets QtCore QtGui QString QWidget"
    " wx X11 Xlib.h fltk cuda.h cuda_runtime.h CL mpi.h omp.h tbb gsl fftw3.h gmp.h gmpxx.h mpfr.h cblas.h lapacke.h"
    " pcap.h pcap libusb-1.0 bluetooth alsa portaudio.h sndfile.h event.h event2 uv.h zmq.h zmq.hpp gtest gmock catch2"
    " catch.hpp doctest.h fmt spdlog google absl folly grpc grpcpp protobuf Arduino.h Wire.h SPI.h Servo.h avr wiringPi.h"
    " pigpio.h Windows.h mach CoreFoundation Foundation jni.h Python.h lua.h lua.hpp crypt.h sodium.h uuid security"
).split()
MISSING = ((Pattern(r"fatal error: ([\w.+-]++)(?:/[\w./+-]*+)?: No such file"), " ".join(_LIBRARIES)),)
UNKNOWN_NAME = Pattern(
    r"undeclared|was not declared|does not name a type|unknown type name|undefined reference|has not been declared"
    r"|invalid use of undefined type|incomplete type"
)

_GRAMMAR = TreeSitter("tree_sitter_c")
DATA_FLOW = DataFlow(
    _GRAMMAR,
    assignments="assignment_expression",
    loops="while_statement",
    branches="if_statement",
    alternatives="if_statement",
    otherwise="else_clause",
)
_ACCESS = re.compile(r"\b(?:public|private|protected) \w")  # C has no such words
_COMMENT = re.compile(r"//[^\n]*|/\*")  # one of a line, or the start of a block
_HEADERS = "stdio stdlib string math ctype stdbool limits stdint time".split()
_STATEMENTS = (
    "expression_statement if_statement for_statement while_statement do_statement switch_statement return_statement"
    " for_range_loop try_statement ERROR"
)


def weigh(text: str, evidence: Evidence) -> float:
    return 0 if _ACCESS.search(text) else evidence["c"]


def _wrap(code: str) -> Source:
    headers = "".join(f"#include <{name}.h>\n" for name in _HEADERS)
    program, wrapped = with_main(_GRAMMAR, code, headers, "int main(void) { return 0; }")
    return Source({"main.c": program}, wrapped=wrapped)


def _without_comments(code: str) -> str:
    """`code` without its comments; one that never ends is no comment. Linear time."""
    kept = []
    at = look = 0
    last_end = code.rfind("*/")
    while start := _COMMENT.search(code, look):
        look = start.end()
        if start.group() == "/*" and last_end < look:
            continue
        kept.append(code[at : start.start()])
        at = look = code.find("*/", look) + 2 if start.group() == "/*" else look
    return "".join([*kept, code[at:]])


def with_main(grammar: TreeSitter, code: str, headers: str, main: str) -> tuple[str, bool]:
    if re.search(r"\bmain\s*\(", _without_comments(code)):
        return (code, False) if "#include" in code else (headers + code, True)
    outside, inside = _split_at_main(grammar, code)
    if not inside:
        return f"{headers}{code}\n{main}\n", True
    body = "\n".join(inside) if outside else code
    return "\n".join([headers, *outside, main.replace("return 0;", f"{body}\nreturn 0;"), ""]), True


def _split_at_main(grammar: TreeSitter, code: str) -> tuple[list[str], list[str]]:
    """The parts of a C or C++ script outside main, and those inside it; both in the order given.

    Variables stay outside where functions may use them, as long as no statement has come before.
    """
    nodes = grammar.top_level(code)
    functions = "".join(text for kind, text in nodes if kind == "function_definition")
    outside: list[str] = []
    inside: list[str] = []
    last = outside
    for kind, text in nodes:
        if kind == ";" and last:
            last[-1] += ";"  # the end of a class
            continue
        movable = kind == "declaration" and (inside or not functions or "(" in text)
        last = inside if kind in _STATEMENTS or (movable and not _is_prototype(text, functions)) else outside
        last.append(text)
    return outside, inside


def _is_prototype(declaration: str, functions: str) -> bool:
    name = re.fullmatch(r"[\w\s*&:<>,]*?\b(\w+)\s*\([^=()]*\)\s*;", declaration)
    return name is not None and re.search(rf"\b{name.group(1)}\s*\(", functions) is not None


LANGUAGE = Language(
    name="c", label="C", aliases="h", rank=6, decisive_rank=12, highlight="c",
    named=Pattern(
        r"(?<![\w+#.'-])(?:C|ANSI C)(?![\w+#'.-]|\+\+)|\bin C\.|\b[Cc] (?:program|function|code"
        r"|language)\b", "c"),
    decisive=Pattern(
        r"#include\s*+[<\"]\w++\.h[>\"]|\b(?:printf\s*+\(\s*+\"[^%\n]{0,200}+%|scanf\s*+\(|malloc\s*+\()",
        "#include|printf|scanf|malloc"),
    evidence=Pattern(
        r"(?m)\b(?:(?:(?:int|char|float|double|void|long|unsigned)\s*+(?:\*\s*+)?\w++"
        r"|struct (?:\w++\s*+(?:\*\s*+)?\w++|\w\w++))\s*+[(\[=;]"
        r"|printf\(|sizeof\b|NULL\b|typedef\b|str(?:len|cpy|cmp)\(|free\()"
        r"|->\w|^[^\S\n]*+#define\b|&\w++\)"),
    weigh=weigh, shared_with="python javascript java csharp php",
    line_start=r"(?:static|void|int|float|double|char)\b(?!,)(?=.)", comments="// /*",
    parser=_GRAMMAR.error, top_level=_GRAMMAR.top_level, definitions=DEFINITIONS, main=MAIN,
    compile="gcc -w -O0 -o main main.c -lm -pthread", run="./main", wrap=_wrap, unknown_name=UNKNOWN_NAME, missing=MISSING,
    errors={
        "import": r"No such file or directory\W+#include|fatal error: .{0,200}: No such file",
        "name": "undeclared|unknown type name|undefined reference", "syntax": "error: expected",
        "assertion": "[Aa]ssertion .{0,300}failed"},
    reads_input=Pattern(r"\bscanf\(|\bgets\(|\bgetchar\(|\bfgets\([^;\n]{0,50}\bstdin\b"),
    data_flow=DATA_FLOW,
    keywords=
        "_Packed auto break case char const continue default do double else enum extern float for goto if int"
        " long register return short signed sizeof static struct switch typedef union unsigned void volatile while",
)  # fmt: skip

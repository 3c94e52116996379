"""Python."""

import ast
import builtins
import re
import symtable
from collections.abc import Iterator, Sequence

from src.languages.language import SANDBOX_PYTHON, DataFlow, Evidence, Language, Pattern
from src.languages.syntax import TreeSitter, first_error_line, parse_python, python_error, symbols

MAX_INPUT_CHARS = 20_000
MAX_CUTS = 12  # statements that are left off one by one in search of a whole beginning

# Only what is widely used: a module that exists nowhere was made up, and importing it is an error.
_PACKAGES = (
    "numpy pandas matplotlib seaborn scipy sklearn sympy statsmodels requests bs4 lxml html5lib flask django fastapi"
    " pydantic sqlalchemy flask_sqlalchemy aiohttp httpx tornado scrapy selenium pytest nltk spacy textblob gensim"
    " tensorflow keras torch torchvision transformers xgboost lightgbm cv2 PIL skimage imageio pytesseract networkx"
    " plotly bokeh yaml toml dateutil pytz tweepy psycopg2 pymysql mysql pymongo redis boto3 botocore google openpyxl"
    " xlrd docx PyPDF2 pdfplumber reportlab psutil tqdm rich click colorama paramiko cryptography Crypto jwt bcrypt"
    " pygame tkinter Tkinter pyautogui pyttsx3 speech_recognition wikipedia feedparser discord telegram praw schedule"
    " joblib numba cython dask pyspark geopy folium shapely geopandas jinja2 markdown emoji fuzzywuzzy Levenshtein"
    " prettytable tabulate termcolor pyperclip qrcode pika kafka celery web3 stripe twilio win32com win32api"
)

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_MAKES_FILES = re.compile(r"\b(?:open|connect|mkdir|makedirs|write_text)\(")
_STATEMENT_START = re.compile(r"(?!(?:else|elif|except|finally)\b)[^\s)\]}]")


def _weigh(text: str, evidence: Evidence) -> float:
    """What does not parse, or ends like C, is hardly Python."""
    if not evidence["python"] or (parse_python(text) is not None and not text.rstrip().endswith(";")):
        return evidence["python"]
    return min(evidence["python"] / 2, 1)


def _top_level(code: str) -> list[tuple[str, str]]:
    tree = parse_python(code)
    return [(_kind(node), "") for node in tree.body] if tree else [("ERROR", code)]


def _kind(node: ast.stmt) -> str:
    return type(node.value if isinstance(node, ast.Expr) else node).__name__


def setup_program(input: str) -> str:
    """The sample's input as a program to run first, where it defines names; "" elsewhere."""
    if len(input) > MAX_INPUT_CHARS or not re.search(r"[=\n(]|\bimport\b|\bdef\b", input):
        return ""
    for text in (input, re.sub(r",\s*(?=[A-Za-z_]\w*\s*=[^=])", "\n", input)):
        tree = parse_python(text)
        if tree is not None and _defines(tree):
            return text
    return ""


def _defines(tree: ast.Module) -> bool:
    kinds = (ast.Assign, ast.AnnAssign, ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
    return any(isinstance(node, kinds) for node in tree.body)


def setup_for(program: str, input: str) -> str:
    """The sample's input as a program to run first, where it defines names that the program uses and does not define, or makes files."""
    setup = setup_program(input)
    before, tree = parse_python(setup), parse_python(program)
    needed = setup and before is not None and tree is not None and _bound(before) & _missing(tree)
    return setup if needed or _MAKES_FILES.search(setup) else ""


def _missing(tree: ast.Module) -> set[str]:
    """Names that a program uses and nowhere defines, or only within functions that its script does not see into."""
    script = [node for node in tree.body if not isinstance(node, (*_FUNCTIONS, ast.ClassDef))]
    defined = {node.name for node in tree.body if isinstance(node, (*_FUNCTIONS, ast.ClassDef))}
    own = ast.Module(script, [])
    return (_loaded(own) - _bound(own) - defined) | (_loaded(tree) - _bound(tree))


def with_input(input: str, program: str) -> str:
    setup = setup_for(program, input)
    return join([setup, program]) if setup else program


def join(programs: Sequence[str]) -> str:
    """Programs one after another; imports from __future__, which must come first, come first."""
    parts, futures = [], []
    for program in programs:
        tree = parse_python(program) if "__future__" in program else None
        lines = program.rstrip().split("\n")
        for node in reversed(tree.body if tree else []):
            if isinstance(node, ast.ImportFrom) and node.module == "__future__":
                futures += [ast.unparse(node)]
                last = lines[(node.end_lineno or node.lineno) - 1][node.end_col_offset :]
                lines[node.lineno - 1 : node.end_lineno] = [last.lstrip("; ")]
        parts.append("\n".join(lines).lstrip("\n"))
    return "\n\n".join(filter(None, ["\n".join(sorted(set(futures))), *parts]))


def _whole_beginning(text: str) -> str:
    lines = text.split("\n")
    end = len(lines)
    for _ in range(MAX_CUTS):
        wrong = first_error_line("\n".join(lines[:end]))
        if not wrong:
            return "\n".join(lines[:end])
        end = min(wrong, end) - 1
        while end > 0 and not _STATEMENT_START.match(lines[end]):
            end -= 1
        if end == 0:
            break
    return ""


def _names(program: str) -> tuple[set[str], set[str], set[str]]:
    tree, table = parse_python(program), symbols(program)
    if tree is None or table is None:
        return set(), set(), set()
    bound = {
        symbol.get_name()
        for symbol in table.get_symbols()
        if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
    }
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    imported = {alias.asname or alias.name for node in imports for alias in node.names}
    stubs = {
        node.name for node in tree.body if isinstance(node, _FUNCTIONS) and all(map(_is_empty, node.body))
    }
    return bound | imported & {"*"}, set(_global_names(table)) - set(dir(builtins)), imported | stubs


def _is_empty(statement: ast.stmt) -> bool:
    """Whether a statement is `pass`, `...` or a docstring."""
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def _global_names(table: symtable.SymbolTable) -> Iterator[str]:
    outermost = table.get_type() == "module"
    yield from (
        s.get_name() for s in table.get_symbols() if s.is_referenced() and (outermost or s.is_global())
    )
    for child in table.get_children():
        yield from _global_names(child)


def _bound(tree: ast.Module) -> set[str]:
    kinds = (*_FUNCTIONS, ast.ClassDef)
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    names |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    names |= {(n.asname or n.name).split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.alias)}
    return names | {n.name for n in ast.walk(tree) if isinstance(n, kinds)}


def _loaded(tree: ast.Module) -> set[str]:
    """Names that a program uses, but for functions of Python's own that it only calls."""
    nodes = list(ast.walk(tree))
    called = [id(n.func) for n in nodes if isinstance(n, ast.Call) and ast.unparse(n.func) in dir(builtins)]
    names = [n for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
    return {n.id for n in names if id(n) not in called}


LANGUAGE = Language(
    name="python", label="Python", aliases="py python3 py3 python2 pycon ipython", rank=0, decisive_rank=3,
    highlight="python", layout=True,
    named=Pattern(
        r"(?i)\b(?:python\d?|numpy|pandas|django|flask|pytorch|tensorflow)\b",
        "python|numpy|pandas|django|flask|torch|tensorflow"),
    decisive=Pattern(r"\A\s*#!.*\bpython", "#!"),
    evidence=Pattern(
        r"(?m)^[^\S\n]*+(?:(?:async )?def \w++\(.*\)\s*+(?:->[^:\n]{0,100}+)?:|class \w++(?:\(.*\))?:"
        r"|(?:from [\w.]++ )?import \w++|(?:for|while|if|elif|with|try|else|except"
        r"|finally)\b.*:(?:\s*+#.*|[^\S\n]*+)$)|\b(?:print\(|self\b|None\b|True\b|False\b|lambda \w|(?:len|range|str"
        r"|int|list|dict|sum|sorted|zip|map|set|enumerate)\(|for \w++(?:, ?\w++)*+ in\b"
        r"|not in\b|np\.|pd\.|in \w)|\[[^\[\]:]{0,40}+:[^\]]{0,100}+\]|\*\*|f[\"']|\.(?:append|join|strip|items"
        r"|format)\("),
    weigh=_weigh, strict=True,
    line_start=
        r"from \w+ import\b(?!,)(?=.)|"
        r"(?:import|def|class|return|print|pass|break|continue|raise|yield|assert|del|global|else|try|finally)\b(?!,)(?=.)",
    comments="# \"\"\" '''",
    parser=python_error, top_level=_top_level,
    definitions="FunctionDef AsyncFunctionDef ClassDef Import ImportFrom Constant",
    names=_names, whole_beginning=_whole_beginning, join=join,
    prompt=Pattern(r"(?m)^[^\S\n]*+(?:>>>|\.\.\.:?|In \[\d++\]:)(?: |$)", ">>>|in ["),
    notebook=Pattern(r"(?m)^(?:%{1,2}|!)[a-z].*+$", "%|!"),
    file="main.py", run=SANDBOX_PYTHON, with_input=with_input,
    missing=((Pattern(r"No module named '(\w+)"), _PACKAGES),),
    errors={
        "import": "ImportError|ModuleNotFoundError", "name": "NameError|UnboundLocalError",
        "syntax": "SyntaxError|IndentationError|TabError", "type": "TypeError|AttributeError", "index": "IndexError|KeyError", "assertion": "AssertionError"},
    reads_input=Pattern(r"\b(?:input\(|sys\.stdin\b)"),
    data_flow=DataFlow(
        TreeSitter("tree_sitter_python"),
        declarations={"default_parameter": ("name", "value")},
        assignments="assignment augmented_assignment for_in_clause",
        each={"for_statement": ("left", "right")}, loops="while_statement",
        branches="if_statement", alternatives="elif_clause else_clause", otherwise="else_clause",
        first="for_in_clause", paired="assignment augmented_assignment for_statement", joint=True,
        docstring="expression_statement"),
    keywords=
        "and as assert async await break case class continue def del elif else except False finally for from"
        " global if import in is lambda match None nonlocal not or pass raise return True try type while with"
        " yield",
)  # fmt: skip

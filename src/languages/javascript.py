"""JavaScript, run by Node.js."""

import re

from src.languages.language import DataFlow, Language, Pattern, Source
from src.languages.syntax import TreeSitter, checked

NODE_MIB = 4096
_MAX_INPUT_CHARS = 20_000

GRAMMAR = TreeSitter("tree_sitter_javascript")
DATA_FLOW = DataFlow(
    GRAMMAR,
    declarations={"variable_declarator": ("name", "value")},
    assignments="assignment_pattern augmented_assignment_expression",
    increments="update_expression",
    loops="while_statement",
    resumed={"for_statement": "variable_declaration"},
    branches="if_statement",
    alternatives="if_statement",
)
KEYWORDS = (
    "await break case catch class const continue debugger default delete do else enum export extends false"
    " finally for function if implements import in instanceof interface let new null package private protected"
    " public return static super switch this throw True try typeof var void while with yield"
)
_MODULE = re.compile(r"^[^\S\n]*+(?:import\s[^(]|export\s)", re.MULTILINE)
_NAMES = re.compile(r"(?:^|[;,\n])[^\S\n]*+(?:(?:const|let|var)\s++)?([A-Za-z_$][\w$]*+)\s*+=[^=>]")
_PACKAGES = (
    "express react react-dom vue axios lodash underscore jquery moment mongoose mongodb mysql mysql2 pg sequelize redis"
    " request request-promise node-fetch cheerio puppeteer jsdom socket.io ws body-parser cors dotenv bcrypt bcryptjs"
    " jsonwebtoken passport nodemailer chalk commander inquirer async bluebird rxjs redux react-redux mocha chai jest"
    " typescript webpack uuid validator multer morgan helmet graphql apollo-server d3 three discord.js koa hapi fastify"
    " next gulp fs-extra glob yargs winston xml2js csv-parser csv-parse prompt-sync readline-sync sqlite3 sharp"
)
_BROWSER = (
    "document window alert confirm prompt $ jQuery localStorage sessionStorage XMLHttpRequest location history navigator"
    " Image Audio FileReader HTMLElement customElements requestAnimationFrame screen google React ReactDOM Vue angular"
    " THREE d3 Chart axios firebase chrome"
)
MISSING = (
    (Pattern(r"Cannot find (?:module|package) '((?:@[\w-]+/)?[\w.-]+)"), _PACKAGES),
    (Pattern(r"ReferenceError: ([\w$]+) is not defined"), _BROWSER),
)

READS_INPUT = Pattern(r"\bprocess\.stdin\b|\breadFileSync\((?:0|[\'\"]/dev/stdin)")


def _wrap(code: str) -> Source:
    name = "main.mjs" if _MODULE.search(code) else "main.js"
    return Source({name: code}, start=name)


def _with_input(input: str, program: str) -> str:
    """Only where the input parses, and the program declares none of its names itself."""
    names = _NAMES.findall(input) if len(input) <= _MAX_INPUT_CHARS else []
    used = [name for name in names if re.search(rf"(?<![\w$.]){re.escape(name)}(?![\w$])", program)]
    declared = r"^(?:const|let|var|function|class)\s+%s(?![\w$])"
    if not used or any(re.search(declared % re.escape(name), program, re.MULTILINE) for name in names):
        return program
    return program if checked(GRAMMAR.error, input) else f"{input.rstrip()}\n;{program}"


LANGUAGE = Language(
    name="javascript", label="JavaScript", aliases="js node nodejs mjs", rank=2, decisive_rank=4,
    highlight="javascript",
    named=Pattern(
        r"(?i)\b(?:java\s?script|js|node(?:\.?js)?|jquery|es6|vue)\b|\.js\b",
        "script|js|node|jquery|es6|vue"),
    decisive=Pattern(r"\A\s*#!.*\bnode\b", "#!"),
    evidence=Pattern(
        r"(?m)\b(?:console\.\w++\(|function\s*+(?:\*\s*+)?\w*+\s*+\(|document\.\w|window\.|require\(['\"]"
        r"|module\.exports\b|async function\b|new (?:Promise|Map|Set|Date|Array)\(|Math\.\w++\(|JSON\.\w++\("
        r"|null;|typeof\b|alert\(|this\.\w++|setTimeout\()"
        r"|^[^\S\n]*+(?:(?:export )?(?:let|const|var) [\w{\[]|import .* from ['\"])"
        r"|=>|===|!==|\.(?:addEventListener\(|(?:forEach|length|push|indexOf|slice|charAt|toUpperCase|parse)\b)"
        r"|\$\(['\"]|`[^`]*\$\{"),
    line_start=r"(?:let|const|var|function)\b(?!,)(?=.)", comments="// /*",
    parser=GRAMMAR.error, top_level=GRAMMAR.top_level,
    definitions=
        "function_declaration generator_function_declaration class_declaration import_statement export_statement"
        " hash_bang_line",
    definition=Pattern(
        r"(?:const|let|var)\s++\w++\s*+=\s*+(?:async\s*+)?"
        r"(?:function\b|class\b|\(?[\w\s,=]*+\)\s*+=>|\(?[\w\s,=]++(?<==)>)"),
    run="node --max-old-space-size={limit_mib} {start}", memory_mib=NODE_MIB, wrap=_wrap, with_input=_with_input, missing=MISSING,
    errors={"import": "Cannot find (?:module|package)|ERR_MODULE_NOT_FOUND", "name": "ReferenceError"},
    reads_input=READS_INPUT,
    data_flow=DATA_FLOW, keywords=KEYWORDS,
)  # fmt: skip

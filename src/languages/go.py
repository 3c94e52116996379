"""Go, whose fragments get a package, a main and the imports that they visibly use."""

import re

from src.languages.language import DataFlow, Language, Pattern, Source
from src.languages.syntax import TreeSitter

_GRAMMAR = TreeSitter("tree_sitter_go")
_PACKAGES = "fmt strings sort math strconv errors time os".split()
# Only what is widely used, by who makes it: a module that exists nowhere was made up, and importing it is an error.
_OWNER = r"github\.com/[\w.-]++|[\w-]++\.[\w.-]++"
_MODULES = (
    " ".join(
        f"github.com/{owner}"
        for owner in (
            "gin-gonic gorilla stretchr spf13 sirupsen go-sql-driver lib jinzhu labstack dgrijalva golang-jwt google pkg"
            " go-redis redis aws mattn fatih urfave joho PuerkitoBio gocolly satori gofiber prometheus streadway rabbitmq"
            " jmoiron go-chi julienschmidt nats-io segmentio confluentinc mitchellh hashicorp docker kubernetes golang"
            " graphql-go 99designs graph-gophers rs robfig tealeg xuri dustin robertkrimen nsqio micro go-kit go-gorm"
            " jackc lestrrat-go mongodb elastic olivere shopspring bwmarrin faiface hajimehoshi valyala json-iterator"
        ).split()
    )
    + " golang.org go.mongodb.org gopkg.in google.golang.org go.uber.org gorm.io k8s.io gonum.org gocv.io fyne.io"
)


def _wrap(code: str) -> Source:
    if re.search(r"^[^\S\n]*+package\s", code, re.MULTILINE):
        return Source({"main.go": code})
    used = [name for name in _PACKAGES if f"{name}." in code]
    imports = "" if "import" in code else "".join(f'import "{name}"\n' for name in used)
    main = "" if re.search(r"\bfunc main\(", code) else "\nfunc main() {}\n"
    return Source({"main.go": f"package main\n{imports}{code}{main}"}, wrapped=True)


LANGUAGE = Language(
    name="go", label="Go", aliases="golang", rank=11, decisive_rank=11, highlight="javascript",
    named=Pattern(
        r"\bgolang\b|\bGo\b(?= (?:program|function|code|struct|snippet|script|method|language"
        r"|routine))|\b(?:in|using|with|to|into) Go\b", "go"),
    decisive=Pattern(
        r"(?m)^[^\S\n]*+package \w++[^\S\n]*+$|\bfmt\.(?:Print|Sprint|Scan|Errorf)"
        r"|^func (?:\(\w++ \*?\w++\) )?\w++\([^)]{0,500}+\)", "package |fmt.|func "),
    evidence=Pattern(
        r":=|\b(?:func\b|fmt\.|nil\b|range \w|make\(|chan\b|defer \w|go func|type \w++ struct\b|err != nil"
        r"|map\[\w++\])|\[\](?:int|string|byte)\b"),
    line_start=r"(?:package|var|const)\b(?!,)(?=.)", comments="// /*",
    parser=_GRAMMAR.error, top_level=_GRAMMAR.top_level,
    definitions=
        "package_clause import_declaration function_declaration method_declaration type_declaration"
        " const_declaration",
    main=Pattern(r"\bfunc\s+main\s*\("), compile="go build -o main main.go", run="./main", version="version", memory_mib=4096, wrap=_wrap,
    unknown_name=Pattern("undefined:|undeclared"),
    missing=(
        (Pattern(rf"package ({_OWNER})(?:/[\w./-]*+)? (?:is not|in any)"), _MODULES),
        (Pattern(rf"no required module provides package ({_OWNER})"), _MODULES)),
    errors={"name": "undefined:", "syntax": "syntax error", "type": "cannot use .{0,200} as "},
    reads_input=Pattern(r"\bos\.Stdin\b|\bfmt\.Scan"),
    data_flow=DataFlow(
        _GRAMMAR,
        declarations={"var_spec": ("name", "value")}, assignments="assignment_statement", increments="inc_statement",
        resumed={"for_statement": "for_clause"}, branches="if_statement", alternatives="if_statement"),
    keywords=
        "break case chan const continue default defer else fallthrough false for func go goto if import interface"
        " map package range return select struct switch true type var",
)  # fmt: skip

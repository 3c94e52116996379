"""Java, whose methods get a class and whose statements get a main."""

import re

from src.languages.language import DataFlow, Language, Pattern, Source
from src.languages.syntax import TreeSitter

NO_MAIN = "Entry"  # the class that starts a program whose own classes have no main

_GRAMMAR = TreeSitter("tree_sitter_java")
_OPTIONS = "-Xmx{limit_mib}m -XX:+UseSerialGC -XX:TieredStopAtLevel=1"
_CLASSES = {"class_declaration", "interface_declaration", "enum_declaration", "record_declaration"}
_MEMBERS = {"method_declaration", "constructor_declaration", "field_declaration"}
_TYPES = _CLASSES | {"annotation_type_declaration"}
_TOP_LEVEL = _TYPES | {"import_declaration", "package_declaration"}
_IGNORED = {"line_comment", "block_comment", ";"}
_PACKAGES = "java.util java.util.function java.util.stream java.io java.math".split()
_IMPORTS = "".join(f"import {package}.*;\n" for package in _PACKAGES)
# A class with no main is part of a program, whose other classes it may name; a variable it must make itself.
_LACKS_CLASS = Pattern(r"symbol:\s+class \w")
# Only what is widely used: a package that exists nowhere was made up, and importing it is an error.
_FAMILIES = (
    "javafx|jakarta|android|androidx|lombok|okhttp3|retrofit2|junit|twitter4j|reactor|kotlin|scala|cucumber"
)
_LIBRARIES = _FAMILIES.replace("|", " ") + (
    " javax.servlet javax.persistence javax.mail javax.ws javax.validation javax.inject javax.ejb javax.json javax.jms"
    " javax.faces org.json org.apache org.junit org.springframework org.hibernate org.mockito org.slf4j org.jsoup"
    " org.bson org.postgresql org.eclipse org.openqa org.testng org.joda org.codehaus org.opencv org.bouncycastle"
    " org.assertj org.hamcrest org.jfree org.quartz org.neo4j org.elasticsearch org.tensorflow org.deeplearning4j"
    " org.mongodb org.jetbrains com.google com.fasterxml com.mysql com.mongodb com.amazonaws com.squareup"
    " com.itextpdf com.opencsv com.zaxxer com.rabbitmq com.twilio com.microsoft com.badlogic com.jayway com.jcraft"
    " io.netty io.reactivex io.jsonwebtoken io.restassured io.vertx io.micronaut io.quarkus io.swagger"
    " net.sf redis.clients edu.stanford weka.core weka.classifiers gnu.trove"
)


def _wrap(code: str) -> Source:
    """A method without a class gets one; so do statements, inside a main. Classes with no main are only loaded."""
    nodes = _GRAMMAR.top_level(code)
    kinds = {kind for kind, _ in nodes} - _IGNORED
    if kinds & _CLASSES and kinds <= _TOP_LEVEL:
        return _classes(code)
    imports = "".join(text + "\n" for kind, text in nodes if kind == "import_declaration")
    members = [text for kind, text in nodes if kind in _MEMBERS]
    types = [text for kind, text in nodes if kind in _TYPES]
    statements = [t for kind, t in nodes if kind not in _MEMBERS | _TOP_LEVEL | _IGNORED]
    if not statements and any(re.search(r"\bstatic\s+void\s+main\s*\(", text) for text in members):
        main = ""
    else:
        main = "public static void main(String[] args) throws Exception {\n" + "\n".join(statements) + "\n}\n"
    members = [_static(text) if statements else text for text in members]
    body = "\n".join(members + ["static " + re.sub(r"^(?:public|static)\s+", "", text) for text in types])
    program = f"{_IMPORTS}{imports}public class Main {{\n{body}\n{main}}}\n"
    return Source({"Main.java": program}, start="Main", wrapped=True)


def _static(member: str) -> str:
    """A member that main may call: made static, unless it is already."""
    if re.match(r"[^({=;]*\bstatic\b", member):
        return member
    return re.sub(r"^((?:@\w+\s+|public |private |protected )*)", r"\1static ", member, count=1)


def _classes(code: str) -> Source:
    code = re.sub(r"^[^\S\n]*+package\s++[\w.]++\s*+;", "", code, count=1, flags=re.MULTILINE)
    public = re.search(
        r"(?:^|[;}])[^\S\n]*+public\s++(?:\w++\s++){0,6}?(?:class|interface|enum|record)\s++(\w++)",
        code,
        re.MULTILINE,
    )
    # Several public classes in one answer would be several files: only the first keeps its "public".
    if public:
        head, tail = code[: public.end()], code[public.end() :]
        others = r"^public\s++(?=(?:\w++\s++){0,6}?(?:class|interface|enum|record)\s)"
        code = head + re.sub(others, "", tail, flags=re.MULTILINE)
    if not re.search(r"^[^\S\n]*+import\s", code, re.MULTILINE):
        code = _IMPORTS + code  # an editor adds these
    files = {f"{public.group(1) if public else 'Program'}.java": code}
    entry = _main_class(code)
    if entry is None:
        files[f"{NO_MAIN}.java"] = f"class {NO_MAIN} {{ public static void main(String[] args) {{ }} }}\n"
    return Source(files, start=entry or NO_MAIN, taken_from=None if entry else _LACKS_CLASS)


def _main_class(code: str) -> str | None:
    main = re.search(r"\bstatic\s+void\s+main\s*\(\s*(?:final\s+)?String", code)
    if main is None:
        return None
    for kind, text in _GRAMMAR.top_level(code):
        if kind in _TOP_LEVEL and re.search(r"\bstatic\s+void\s+main\s*\(", text):
            name = re.search(r"\b(?:class|interface|enum|record)\s+(\w+)", text)
            return name.group(1) if name else None
    return None


LANGUAGE = Language(
    name="java", label="Java", rank=3, decisive_rank=10, highlight="c",
    named=Pattern(r"(?i)\bjava\b(?!\s?script)", "java"),
    decisive=Pattern(
        r"(?m)\b(?:System\.(?:out|err|in)\b|public static void main\b|ArrayList<"
        r"|public (?:static )?(?:final )?(?:class|interface|enum) \w++(?:<\w++>)?(?: (?:extends"
        r"|implements) [\w<>, ]{1,200}+)?\s*+\{)|^[^\S\n]*+import javax?\.",
        "system.|import java|public static void main|arraylist<|public "),
    evidence=Pattern(
        r"(?m)\b(?:(?:public|private|protected) [\w<>\[\], ]{1,80} \w++\s*+\(|String\b"
        r"|final \w++ \w++|new \w++(?:<.{0,80}>)?\(|(?:int|double|boolean|char"
        r"|long)(?:\[\])? \w++\s*+[=;(]|(?:List|Map|Set|HashMap|Optional)<\w|throws \w|Integer\b|implements\b)"
        r"|@Override|\.(?:charAt|equals|stream|length|toString|substring)\("),
    shared_with="csharp",
    line_start=r"(?:public|private|protected|static|void|int|double|import|package)\b(?!,)(?=.)", comments="// /*",
    parser=_GRAMMAR.error, top_level=_GRAMMAR.top_level,
    definitions=
        "class_declaration interface_declaration enum_declaration record_declaration import_declaration"
        " package_declaration method_declaration",
    main=Pattern(r"\bstatic\s+(?:final\s+)?void\s+main\s*\("),
    compile=f"javac -nowarn {_OPTIONS.replace('-X', '-J-X')} {{files}}",
    run=f"java {_OPTIONS} -Xshare:auto -cp . {{start}}", memory_mib=8192, wrap=_wrap,
    unknown_name=Pattern("cannot find symbol"),
    missing=((Pattern(rf"package ({_FAMILIES}|\w++\.\w++)(?:\.[\w.]++)? does not exist"), _LIBRARIES),),
    errors={
        "import": "package .{0,200} does not exist", "name": "cannot find symbol",
        "syntax": "';' expected|class, interface, enum, or record expected|reached end of file",
        "type": "ClassCastException|incompatible types|NullPointerException", "index": "OutOfBounds|StringIndex"},
    reads_input=Pattern(r"\bSystem\.in\b"),
    data_flow=DataFlow(
        _GRAMMAR,
        declarations={"variable_declarator": ("name", "value")}, assignments="assignment_expression",
        increments="update_expression", each={"enhanced_for_statement": ("name", "value")}, loops="while_statement",
        resumed={"for_statement": "local_variable_declaration"}, branches="if_statement", alternatives="if_statement"),
    keywords=
        "abstract assert boolean break byte case catch char class const continue default do double else enum"
        " extends final finally float for goto if implements import instanceof int interface long native new"
        " package private protected public return short static strictfp super switch synchronized this throw"
        " throws transient try void volatile while",
)  # fmt: skip

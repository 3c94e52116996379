"""Patterns of the code of each programming language."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class HintedPattern:
    """A pattern searched only where one of its hints is in the text: a search costs as much as 100 hints."""

    pattern: re.Pattern[str]
    hints: tuple[str, ...]  # in lower case; every text that the pattern matches holds one of them

    def found_in(self, text: str, lowered: str) -> bool:
        """Whether the pattern matches in `text`; `lowered` is the text in lower case."""
        for hint in self.hints:
            if hint in lowered:
                return self.pattern.search(text) is not None
        return False


def hinted(regex: str, hints: str, flags: int = 0) -> HintedPattern:
    """A HintedPattern; `hints` are separated by bars."""
    return HintedPattern(re.compile(regex, flags), tuple(hints.split("|")))


# In all of these a line's margin is [^\S\n]*+, never \s*, and what may run on has a bound or is possessive:
# every pattern takes linear time on any text. \b stands before a group, so that one test rules out its words.

# Code that occurs in one language only, in the order of the search.
DECISIVE: dict[str, HintedPattern] = {
    "php": hinted(
        r"<\?(?:php|=)|^[^\S\n]*+(?:\$\w++\s*+=[^=~].*;[^\S\n]*+$|echo \w++\(.*\);[^\S\n]*+$)",
        "<?|$|echo ",
        re.MULTILINE,
    ),
    "bash": hinted(r"\A\s*#!.*\b(?:ba|z|k|da)?sh\b", "#!"),
    "python": hinted(r"\A\s*#!.*\bpython", "#!"),
    "javascript": hinted(r"\A\s*#!.*\bnode\b", "#!"),
    "ruby": hinted(r"\A\s*#!.*\bruby\b", "#!"),
    "html": hinted(
        r"\A\s*(?:<!--.*?-->\s*)?<(?:!doctype html|html|head|body)\b", "<", re.IGNORECASE | re.DOTALL
    ),
    "rust": hinted(
        r"\b(?:fn \w++(?:<[^>]{0,200}+>)?\s*+\(|let mut \w|println!|vec!\[|impl(?:<\w++>)? \w++|use std::)",
        "fn |let mut |println!|vec![|impl|use std::",
    ),
    "cpp": hinted(
        r"#include\s*+<(?:iostream|string|vector|map|algorithm|unordered_\w++|set|queue|stack|memory"
        r"|sstream|fstream|cmath|cstdio|cstdlib|cstring|climits|thread|mutex|chrono|iomanip"
        r"|bits/stdc\+\+\.h)>|\b(?:std::|using namespace std\b|cout\s*+<<|cin\s*+>>"
        r"|template\s*+<\s*+(?:typename|class))",
        "#include|std::|namespace std|cout|cin|template",
    ),
    "csharp": hinted(
        r"^[^\S\n]*+using System\b|\b(?:Console\.(?:Write|Read)|static void Main\(|namespace [\w.]++\s*+\{"
        r"|string\.(?:IsNullOr|Join|Format))|\{ get; (?:private )?set; \}",
        "using system|console.write|console.read|static void main(|namespace |{ get; |string.isnullor|string.join"
        "|string.format",
        re.MULTILINE,
    ),
    "java": hinted(
        r"\b(?:System\.(?:out|err|in)\b|public static void main\b|ArrayList<"
        r"|public (?:static )?(?:final )?(?:class|interface|enum) \w++(?:<\w++>)?(?: (?:extends"
        r"|implements) [\w<>, ]{1,200}+)?\s*+\{)|^[^\S\n]*+import javax?\.",
        "system.|import java|public static void main|arraylist<|public ",
        re.MULTILINE,
    ),
    "go": hinted(
        r"^[^\S\n]*+package \w++[^\S\n]*+$|\bfmt\.(?:Print|Sprint|Scan|Errorf)"
        r"|^func (?:\(\w++ \*?\w++\) )?\w++\([^)]{0,500}+\)",
        "package |fmt.|func ",
        re.MULTILINE,
    ),
    "c": hinted(
        r"#include\s*+[<\"]\w++\.h[>\"]|\b(?:printf\s*+\(\s*+\"[^%\n]{0,200}+%|scanf\s*+\(|malloc\s*+\()",
        "#include|printf|scanf|malloc",
    ),
}

# Evidence for a language: the more different matches, the stronger.
EVIDENCE: dict[str, re.Pattern[str]] = {
    "javascript": re.compile(
        r"\b(?:console\.\w++\(|function\s*+(?:\*\s*+)?\w*+\s*+\(|document\.\w|window\.|require\(['\"]"
        r"|module\.exports\b|async function\b|new (?:Promise|Map|Set|Date|Array)\(|Math\.\w++\(|JSON\.\w++\("
        r"|null;|typeof\b|alert\(|this\.\w++|setTimeout\()"
        r"|^[^\S\n]*+(?:(?:export )?(?:let|const|var) [\w{\[]|import .* from ['\"])"
        r"|=>|===|!==|\.(?:addEventListener\(|(?:forEach|length|push|indexOf|slice|charAt|toUpperCase|parse)\b)"
        r"|\$\(['\"]|`[^`]*\$\{",
        re.MULTILINE,
    ),
    "typescript": re.compile(
        r"[\w)\]?]\s*+:\s*+(?:number|string|boolean|any|void|unknown|never|Promise<|Array<"
        r"|Record<)[\w<>\[\], |]*(?=[,;)={\s]|$)|^[^\S\n]*+(?:export )?(?:interface|type"
        r"|enum) \w++(?:<\w++>)?\s*+(?:=|\{|extends)|\b(?:as (?:string|number|any|const)\b|readonly \w++:)"
        r"|<(?:string|number|T)>\(",
        re.MULTILINE,
    ),
    "python": re.compile(
        r"^[^\S\n]*+(?:(?:async )?def \w++\(.*\)\s*+(?:->[^:\n]{0,100}+)?:|class \w++(?:\(.*\))?:"
        r"|(?:from [\w.]++ )?import \w++|(?:for|while|if|elif|with|try|else|except"
        r"|finally)\b.*:(?:\s*+#.*|[^\S\n]*+)$)|\b(?:print\(|self\b|None\b|True\b|False\b|lambda \w|(?:len|range|str"
        r"|int|list|dict|sum|sorted|zip|map|set|enumerate)\(|for \w++(?:, ?\w++)*+ in\b"
        r"|not in\b|np\.|pd\.|in \w)|\[[^\]:]{0,40}+:[^\]]{0,100}+\]|\*\*|f[\"']|\.(?:append|join|strip|items"
        r"|format)\(",
        re.MULTILINE,
    ),
    "java": re.compile(
        r"\b(?:(?:public|private|protected) [\w<>\[\], ]{1,80} \w++\s*+\(|String\b"
        r"|final \w++ \w++|new \w++(?:<.{0,80}>)?\(|(?:int|double|boolean|char"
        r"|long)(?:\[\])? \w++\s*+[=;(]|(?:List|Map|Set|HashMap|Optional)<\w|throws \w|Integer\b|implements\b)"
        r"|@Override|\.(?:charAt|equals|stream|length|toString|substring)\(",
        re.MULTILINE,
    ),
    "c": re.compile(
        r"\b(?:(?:(?:int|char|float|double|void|long|unsigned)\s*+(?:\*\s*+)?\w++"
        r"|struct (?:\w++\s*+(?:\*\s*+)?\w++|\w\w++))\s*+[(\[=;]"
        r"|printf\(|sizeof\b|NULL\b|typedef\b|str(?:len|cpy|cmp)\(|free\()"
        r"|->\w|^[^\S\n]*+#define\b|&\w++\)",
        re.MULTILINE,
    ),
    "cpp": re.compile(
        r"\b(?:std::|cout\b|vector<|string \w++\s*+[=;(,)]|nullptr\b|auto\b|class \w++\s*+[:{]|delete\b|new \w++"
        r"|virtual\b|const \w++&|map<)|\w&\s*+\w++[,)]|^[^\S\n]*+(?:public|private):|::\w|\.push_back\(",
        re.MULTILINE,
    ),
    "csharp": re.compile(
        r"\b(?:public (?:(?:static|override|virtual|async) )*\w++(?:<.{0,80}>)?(?:\[\])? [A-Z]\w*+\s*+\("
        r"|var \w++ =|foreach\s*+\(|string(?:\[\])? \w++|List<\w|new \w++\s*+[({]|Linq\b|Task<|decimal \w"
        r"|bool \w++)|\.(?:Length|Count|Add|Where|Select|ToList|ToString|ToArray|Reverse|Contains)\b",
        re.MULTILINE,
    ),
    "go": re.compile(
        r":=|\b(?:func\b|fmt\.|nil\b|range \w|make\(|chan\b|defer \w|go func|type \w++ struct\b|err != nil"
        r"|map\[\w++\])|\[\](?:int|string|byte)\b",
    ),
    "rust": re.compile(
        r"\b(?:fn \w|let (?:mut )?\w++(?:: ?[\w<>&]++)? =|impl\b|match \w++ \{|Option<|Result<|Some\(|i32\b"
        r"|u\d++\b|pub \w|struct \w|\w++!\()|&(?:mut |str|self)|->\s*+\w|::new\(|\.iter\(|\.unwrap\(|#\[derive",
    ),
    "ruby": re.compile(
        r"^[^\S\n]*+(?:def [\w.?!=]++(?:\([^)]{0,300}+\))?[^\S\n]*+$|end[^\S\n]*+$|require ['\"]|elsif\b)"
        r"|\b(?:puts\b|do \|\w|attr_\w++|nil\b|unless\b|\d++\.times\b)|\{ ?\|\w[\w, ]*+\||#\{\w|=> ?[:'\"]"
        r"|\.(?:each\b|(?:map|select|inject|reduce)\(?&|\w++\?)|@\w++ =|(?<![\w:]):\w++(?= =>|,|\))"
        r"|^class \w++(?: < \w++)?[^\S\n]*+$",
        re.MULTILINE,
    ),
    "php": re.compile(
        r"\$\w++\s*+(?:->|[=\[;.,)+*/%<>])|\b(?:echo\b.{0,200};|function \w++\(\s*+(?:\w++ )?&?\$"
        r"|array\(|foreach\s*+\(\$|str(?:len|rev|_replace|toupper)\(|isset\(|implode\(|explode\(|count\(\$)"
        r"|->\w++\(",
        re.MULTILINE,
    ),
    "bash": re.compile(
        r"^[^\S\n]*+(?:(?:sudo |\$ )?(?:ls|grep|awk|sed|cat|echo|cd|mkdir|rmdir|rm|cp|mv|find|curl|wget|docker"
        r"|git|npm|yarn|pip3?|sudo|chmod|chown|tar|zip|unzip|gzip|ssh|scp|rsync|ps|kill|df|du|head"
        r"|tail|sort|uniq|wc|cut|tr|touch|export|source|apt(?:-get)?|yum|crontab|man|which|read|ping"
        r"|netstat|ifconfig|systemctl|service|date|seq|xargs|diff|ln|free|uptime|whoami|printf|brew"
        r"|make|nohup|kubectl|tee|env|alias|history|lsof|top|openssl|ffmpeg|python3?|node|set|exit"
        r"|while read|gcc|pwd|ip|uname)(?: |$)(?![=(])|(?:fi|done|esac)\b|(?:if|while|until) \[|\w++=\$"
        r"|for \w++ in .*(?:; do|$)(?<!:)|then[^\S\n]*+$)|\$\(|\$\{?\w++"
        r"|; ?(?:then|do)\b|\]\]|\| ?(?:grep|awk|sed|sort|wc|xargs|head|tail)\b|>&2|/dev/null",
        re.MULTILINE,
    ),
    "sql": re.compile(
        r"(?:\A|;)\s*+(?:--.*\n\s*+){0,10}+(?:select|insert\s++into|update\s++\S++\s++set|delete\s++from"
        r"|create\s++(?:or\s++replace\s++)?(?:temp(?:orary)?\s++)?(?:unique\s++)?(?:table|view|index"
        r"|database|procedure|trigger|function|user)|alter\s++(?:table|database)|drop\s++(?:table|view"
        r"|index|database)|truncate\s++(?:table)?|with\s++\w++\s++as\s*+\(|grant\s++\w++|use\s++\w++;)\b"
        r"|\b(?:(?:group|order) by|(?:inner|left|right) join)\b",
        re.IGNORECASE,
    ),
    "html": re.compile(
        r"<(?=[a-z/])(?:/\w++>|(?:a(?:rticle|udio)?|b(?:r|utton)?|div|em|f(?:ooter|orm)|h(?:[1-6]|eader|r)"
        r"|i(?:frame|mg|nput)?|l(?:abel|i|ink)|m(?:ain|eta)|nav|o(?:l|ption)|p"
        r"|s(?:cript|e(?:ction|lect)|pan|t(?:rong|yle))|t(?:able|d|extarea|h|itle|r)|ul|video)\b[^<>]*+>)",
        re.IGNORECASE,
    ),
    "css": re.compile(
        r"^[ \t]*+(?!(?:interface|type|enum|struct|class|switch|match|if|for|while|else|do"
        r"|try)\b)(?:[.#*:@a-zA-Z\[][^{};=()\n]{0,120}+(?:\([^{};\n]{0,60}\)[^{};\n]{0,60}+)?)\{\s*+(?:"
        r"/\*.*?\*/\s*+)?(?:[\w-]++\s*+:[^;{}=]++;?|\})|^[^\S\n]*+[a-z-]++: [^;{}()=]{1,150}+;[^\S\n]*+$"
        r"|\b\d++(?:px|em|rem|vh|vw)\b",
        re.MULTILINE,
    ),
}

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


# Code that occurs in one language only, in the order of the search.
DECISIVE: dict[str, HintedPattern] = {
    "php": hinted(
        r"<\?php|<\?=|^\s*\$\w+\s*=[^=~].*;\s*$|^\s*echo \w+\(.*\);\s*$", "<?|$|echo ", re.MULTILINE
    ),
    "bash": hinted(r"\A\s*#!.*\b(?:ba|z|k|da)?sh\b", "#!"),
    "python": hinted(r"\A\s*#!.*\bpython", "#!"),
    "javascript": hinted(r"\A\s*#!.*\bnode\b", "#!"),
    "ruby": hinted(r"\A\s*#!.*\bruby\b", "#!"),
    "html": hinted(
        r"\A\s*(?:<!--.*?-->\s*)?<(?:!doctype html|html|head|body)\b", "<", re.IGNORECASE | re.DOTALL
    ),
    "rust": hinted(
        r"\bfn \w+(?:<[^>]*>)?\s*\(|\blet mut \w|\bprintln!|\bvec!\[|\bimpl(?:<\w+>)? \w+|\buse std::",
        "fn |let mut |println!|vec![|impl|use std::",
    ),
    "cpp": hinted(
        r"#include\s*<(?:iostream|string|vector|map|algorithm|unordered_\w+|set|queue|stack|memory"
        r"|sstream|fstream|cmath|cstdio|cstdlib|cstring|climits|thread|mutex|chrono|iomanip"
        r"|bits/stdc\+\+\.h)>|\bstd::|\busing namespace std\b|\bcout\s*<<|\bcin\s*>>"
        r"|\btemplate\s*<\s*(?:typename|class)",
        "#include|std::|namespace std|cout|cin|template",
    ),
    "csharp": hinted(
        r"^\s*using System\b|\bConsole\.(?:Write|Read)|\bstatic void Main\(|\bnamespace [\w.]+\s*\{"
        r"|\{ get; (?:private )?set; \}|\bstring\.(?:IsNullOr|Join|Format)",
        "using system|console.write|console.read|static void main(|namespace |{ get; |string.isnullor|string.join"
        "|string.format",
        re.MULTILINE,
    ),
    "java": hinted(
        r"\bSystem\.(?:out|err|in)\b|^\s*import java[x]?\.|\bpublic static void main\b|\bArrayList<"
        r"|\bpublic (?:static )?(?:final )?(?:class|interface|enum) \w+(?:<\w+>)?(?: (?:extends"
        r"|implements) [\w<>, ]+)?\s*\{",
        "system.|import java|public static void main|arraylist<|public ",
        re.MULTILINE,
    ),
    "go": hinted(
        r"^\s*package \w+\s*$|\bfmt\.(?:Print|Sprint|Scan|Errorf)"
        r"|^func (?:\(\w+ \*?\w+\) )?\w+\([^)]*\)",
        "package |fmt.|func ",
        re.MULTILINE,
    ),
    "c": hinted(
        r"#include\s*[<\"]\w+\.h[>\"]|\bprintf\s*\(\s*\".*%|\bscanf\s*\(|\bmalloc\s*\(",
        "#include|printf|scanf|malloc",
    ),
}

# Evidence for a language: the more different matches, the stronger.
EVIDENCE: dict[str, re.Pattern[str]] = {
    "javascript": re.compile(
        r"\bconsole\.\w+\(|^\s*(?:export )?(?:let|const|var) [\w{\[]|=>|\bfunction\s*\*?\s*\w*\s*\("
        r"|===|!==|\bdocument\.\w|\bwindow\.|\.addEventListener\(|\brequire\(['\"]"
        r"|\bmodule\.exports\b|^\s*import .* from ['\"]|\basync function\b|\bnew (?:Promise|Map|Set"
        r"|Date|Array)\(|\.(?:forEach|length|push|indexOf|slice|charAt|toUpperCase|parse)\b"
        r"|\bMath\.\w+\(|\bJSON\.\w+\(|\$\(['\"]|`[^`]*\$\{|\bnull;|\btypeof\b|\balert\(|\bthis\.\w+"
        r"|\bsetTimeout\(",
        re.MULTILINE,
    ),
    "typescript": re.compile(
        r"[\w)\]?]\s*:\s*(?:number|string|boolean|any|void|unknown|never|Promise<|Array<"
        r"|Record<)[\w<>\[\], |]*(?=[,;)={\s]|$)|^\s*(?:export )?(?:interface|type"
        r"|enum) \w+(?:<\w+>)?\s*(?:=|\{|extends)|\bas (?:string|number|any|const)\b|\breadonly \w+:"
        r"|<(?:string|number|T)>\(",
        re.MULTILINE,
    ),
    "python": re.compile(
        r"^\s*(?:async )?def \w+\(.*\)\s*(?:->.*)?:|^\s*class \w+(?:\(.*\))?:"
        r"|^\s*(?:from [\w.]+ )?import \w+|\bprint\(|^\s*(?:for|while|if|elif|with|try|else|except"
        r"|finally)\b.*:\s*(?:#.*)?$|\bself\b|\b(?:None|True|False)\b|\blambda \w|\b(?:len|range|str"
        r"|int|list|dict|sum|sorted|zip|map|set|enumerate)\(|\bfor \w+(?:, ?\w+)* in\b"
        r"|\[[^\]]*:[^\]]*\]|\bnot in\b|\*\*|\bnp\.|\bpd\.|f[\"']|\.(?:append|join|strip|items"
        r"|format)\(|\bin \w",
        re.MULTILINE,
    ),
    "java": re.compile(
        r"\b(?:public|private|protected) (?:static |final )*[\w<>\[\], ]+ \w+\s*\(|\bString\b"
        r"|\bfinal \w+ \w+|\bnew \w+(?:<.*>)?\(|\b(?:int|double|boolean|char"
        r"|long)(?:\[\])? \w+\s*[=;(]|@Override|\b(?:List|Map|Set|HashMap|Optional)<\w|\bthrows \w"
        r"|\.(?:charAt|equals|stream|length|toString|substring)\(|\bInteger\b|\bInteger\.\w+"
        r"|\bimplements\b",
        re.MULTILINE,
    ),
    "c": re.compile(
        r"\b(?:int|char|float|double|void|long|unsigned|struct \w+)\s*\*?\s*\w+\s*(?:\(|\[|=|;)"
        r"|\bprintf\(|->\w|\bsizeof\b|\bNULL\b|^\s*#define\b|\btypedef\b|\bstr(?:len|cpy|cmp)\("
        r"|\bfree\(|&\w+\)",
        re.MULTILINE,
    ),
    "cpp": re.compile(
        r"\bstd::|\bcout\b|\bvector<|\bstring \w+\s*[=;(,)]|\bnullptr\b|\bauto\b|\w&\s*\w+[,)]"
        r"|\bclass \w+\s*(?::|\{)|^\s*(?:public|private):|\bdelete\b|\bnew \w+|::\w|\bvirtual\b"
        r"|\bconst \w+&|\.push_back\(|\bmap<",
        re.MULTILINE,
    ),
    "csharp": re.compile(
        r"\bpublic (?:static |override |virtual |async )*(?:\w+(?:<.*>)?(?:\[\])?) [A-Z]\w*\s*\("
        r"|\bvar \w+ =|\bforeach\s*\(|\.(?:Length|Count|Add|Where|Select|ToList|ToString|ToArray"
        r"|Reverse|Contains)\b|\bstring(?:\[\])? \w+|\bList<\w|\bnew \w+\s*[({]|\bLinq\b|\bTask<"
        r"|\bdecimal \w|\bbool \w+",
        re.MULTILINE,
    ),
    "go": re.compile(
        r":=|\bfunc\b|\bfmt\.|\bnil\b|\brange \w|\bmake\(|\bchan\b|\bdefer \w|\bgo func"
        r"|\btype \w+ struct\b|\berr != nil|\[\](?:int|string|byte)\b|\bmap\[\w+\]",
    ),
    "rust": re.compile(
        r"\bfn \w|\blet (?:mut )?\w+(?:: ?[\w<>&]+)? =|\w+!\(|&(?:mut |str|self)|\bimpl\b"
        r"|\bmatch \w+ \{|->\s*\w|::new\(|\bOption<|\bResult<|\bSome\(|\bi32\b|\bu\d+\b|\bpub \w"
        r"|\.iter\(|\.unwrap\(|#\[derive|\bstruct \w",
    ),
    "ruby": re.compile(
        r"^\s*def [\w.?!=]+(?:\([^)]*\))?\s*$|^\s*end\s*$|\bputs\b|\bdo \|\w|\.each\b|\battr_\w+"
        r"|^\s*require ['\"]|\{ ?\|\w[\w, ]*\||\bnil\b|^\s*elsif\b|#\{\w|\bunless\b|=> ?[:'\"]"
        r"|\.(?:map|select|inject|reduce)\(?&|@\w+ =|\.\w+\?|(?<![\w:]):\w+\b(?= =>|,|\))"
        r"|\b\d+\.times\b|^class \w+(?: < \w+)?\s*$",
        re.MULTILINE,
    ),
    "php": re.compile(
        r"\$\w+\s*(?:=|->|\[|;|\.|,|\)|\+|\*|/|%|<|>)|\becho\b.*;|\bfunction \w+\(\s*(?:\w+ )?&?\$"
        r"|->\w+\(|\barray\(|\bforeach\s*\(\$|\bstr(?:len|rev|_replace|toupper)\(|\bisset\("
        r"|\bimplode\(|\bexplode\(|\bcount\(\$",
        re.MULTILINE,
    ),
    "bash": re.compile(
        r"^\s*(?:sudo |\$ )?(?:ls|grep|awk|sed|cat|echo|cd|mkdir|rmdir|rm|cp|mv|find|curl|wget|docker"
        r"|git|npm|yarn|pip3?|sudo|chmod|chown|tar|zip|unzip|gzip|ssh|scp|rsync|ps|kill|df|du|head"
        r"|tail|sort|uniq|wc|cut|tr|touch|export|source|apt(?:-get)?|yum|crontab|man|which|read|ping"
        r"|netstat|ifconfig|systemctl|service|date|seq|xargs|diff|ln|free|uptime|whoami|printf|brew"
        r"|make|nohup|kubectl|tee|env|alias|history|lsof|top|openssl|ffmpeg|python3?|node|set|exit"
        r"|while read|gcc|pwd|ip|uname)(?: |$)(?![=(])|\$\(|\$\{?\w+|^\s*(?:fi|done|esac)\b"
        r"|; ?(?:then|do)\b|^\s*(?:if|while|until) \[|\]\]|\| ?(?:grep|awk|sed|sort|wc|xargs|head"
        r"|tail)\b|^\s*\w+=\$|^\s*for \w+ in .*(?:; do|$)(?<!:)|>&2|/dev/null|^\s*then\s*$",
        re.MULTILINE,
    ),
    "sql": re.compile(
        r"(?:\A|;)\s*(?:--.*\n\s*)*(?:select|insert\s+into|update\s+\S+\s+set|delete\s+from"
        r"|create\s+(?:or\s+replace\s+)?(?:temp(?:orary)?\s+)?(?:unique\s+)?(?:table|view|index"
        r"|database|procedure|trigger|function|user)|alter\s+(?:table|database)|drop\s+(?:table|view"
        r"|index|database)|truncate\s+(?:table)?|with\s+\w+\s+as\s*\(|grant\s+\w+|use\s+\w+;)\b"
        r"|\b(?:group|order) by\b|\b(?:inner|left|right) join\b",
        re.IGNORECASE,
    ),
    "html": re.compile(
        r"<(?:div|p|span|a|ul|ol|li|table|tr|td|th|form|input|button|h[1-6]|img|nav|header|footer"
        r"|section|label|select|option|script|style|link|meta|br|hr|strong|em|b|i|textarea|video"
        r"|audio|article|main|title|iframe)\b[^<>]*>|</\w+>",
        re.IGNORECASE,
    ),
    "css": re.compile(
        r"^[ \t]*(?!(?:interface|type|enum|struct|class|switch|match|if|for|while|else|do"
        r"|try)\b)(?:[.#*:@a-zA-Z\[][^{};=()\n]{0,120}(?:\([^{};\n]{0,60}\)[^{};\n]{0,60})?)\{\s*(?:"
        r"/\*.*?\*/\s*)?(?:[\w-]+\s*:[^;{}=]+;?|\})|^\s*[a-z-]+: [^;{}()=]+;\s*$|\b\d+(?:px|em|rem|vh"
        r"|vw)\b",
        re.MULTILINE,
    ),
}

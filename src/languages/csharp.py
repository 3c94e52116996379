"""C#, which is not run: its compiler is on few machines."""

from src.languages.language import DataFlow, Language, Pattern
from src.languages.syntax import TreeSitter

_GRAMMAR = TreeSitter("tree_sitter_c_sharp")

LANGUAGE = Language(
    name="csharp", label="C#", aliases="c# cs c_sharp", rank=5, decisive_rank=9, highlight="c",
    named=Pattern(r"(?i)\bc#|\bcsharp\b|\bc sharp\b|(?<!\w)\.net\b|\blinq\b", "c#|sharp|.net|linq"),
    decisive=Pattern(
        r"(?m)^[^\S\n]*+using System\b|\b(?:Console\.(?:Write|Read)|static void Main\(|namespace [\w.]++\s*+\{"
        r"|string\.(?:IsNullOr|Join|Format))|\{ get; (?:private )?set; \}",
        "using system|console.write|console.read|static void main(|namespace |{ get; |string.isnullor|string.join"
        "|string.format"),
    evidence=Pattern(
        r"(?m)\b(?:public (?:(?:static|override|virtual|async) )*\w++(?:<.{0,80}>)?(?:\[\])? [A-Z]\w*+\s*+\("
        r"|var \w++ =|foreach\s*+\(|string(?:\[\])? \w++|List<\w|new \w++\s*+[({]|Linq\b|Task<|decimal \w"
        r"|bool \w++)|\.(?:Length|Count|Add|Where|Select|ToList|ToString|ToArray|Reverse|Contains)\b"),
    shared_with="java", line_start=r"(?:using|public|private|protected|static)\b(?!,)(?=.)", comments="// /*",
    parser=_GRAMMAR.error,
    data_flow=DataFlow(
        _GRAMMAR,
        declarations={"variable_declarator": (0, "")}, assignments="assignment_expression",
        increments="postfix_unary_expression", loops="while_statement", branches="if_statement", alternatives="if_statement"),
    keywords=
        "abstract add alias as ascending async await base bool break by byte case catch char checked class const"
        " continue decimal default delegate descending do double dynamic else enum equals event explicit extern"
        " false finally fixed float for foreach from get global goto group if implicit in int interface internal"
        " into is join let lock long nameof namespace new notnull null object on operator orderby out override"
        " params partial private protected public readonly ref remove return sbyte sealed select set short sizeof"
        " stackalloc static string struct switch this throw true try typeof uint ulong unchecked unmanaged unsafe"
        " ushort using value var virtual void volatile when where while yield",
)  # fmt: skip

"""C#, which is not run: its compiler is on few machines."""

from src.languages.language import Language, Pattern
from src.languages.syntax import TreeSitter

LANGUAGE = Language(
    name="csharp", label="C#", aliases="c# cs c_sharp", rank=5, decisive_rank=9, codebleu="c_sharp", highlight="c",
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
    parser=TreeSitter("tree_sitter_c_sharp").error,
)  # fmt: skip

"use strict";
// Splits code into lines of [text, kind] pieces; kind is "", keyword, string, comment or figure.

const STRINGS = {
  double: String.raw`"(?:[^"\\\n]|\\.)*"`, single: String.raw`'(?:[^'\\\n]|\\.)*'`,
  template: "`(?:[^`\\\\]|\\\\[^])*`", triple: String.raw`"""[^]*?(?:"""|$)|'''[^]*?(?:'''|$)`,
  doubled: "'(?:[^']|'')*'", letter: String.raw`'(?:[^'\\\n]|\\.[^'\n]*)'`,
};
const COMMENTS = {
  hash: "#.*", slashes: String.raw`\/\/.*`, block: String.raw`\/\*[^]*?(?:\*\/|$)`, dashes: "--.*", markup: "<!--[^]*?(?:-->|$)",
  shell: String.raw`(?<![^\s;])#.*`,
};
const GRAMMARS = {
  c: [["block", "slashes"], ["double", "letter"]],
  css: [["block"], ["double", "single"]],
  javascript: [["block", "slashes"], ["double", "single", "template"]],
  markup: [["markup"], ["double", "single"]],
  php: [["block", "slashes", "hash"], ["double", "single"]],
  python: [["hash"], ["triple", "double", "single"]],
  shell: [["shell"], ["double", "single"]],
  sql: [["dashes", "block"], ["doubled", "double"]],
  other: [[], ["double", "single"]],
};
const KEYWORDS = new Set(
  ("and as assert async await begin bool boolean break case catch char class const continue def default defer del delete do " +
    "done double echo elif else elsif end enum esac except export extends extern false final finally float fn for foreach " +
    "from func function global go if impl implements import in include instanceof int interface is join lambda let long " +
    "loop match mod module mut namespace new nil none nonlocal not null or package pass print private protected pub public " +
    "raise require return self short signed sizeof static string struct super switch then this throw throws trait true " +
    "try type typedef typeof union unless unsigned until use using var virtual void when while with yield").split(" "),
);
const SQL_KEYWORDS = new Set(
  ("add all alter and as asc avg between by case count create delete desc distinct drop else end exists foreign from group " +
    "having in index inner insert into is join key left like limit max min not null on or order outer primary references " +
    "right select set sum table then union unique update values view when where with").split(" "),
);
const patterns = {};

function pattern(language) {
  const name = Object.hasOwn(data.languages, language) ? data.languages[language][1] : "other";
  if (!patterns[name]) {
    const [comments, strings] = GRAMMARS[name];
    const either = (table, names) => names.map((key) => table[key]).join("|") || "(?!)";
    const parts = [either(COMMENTS, comments), either(STRINGS, strings), String.raw`\b\d[\w.]*`, String.raw`[A-Za-z_]\w*`];
    // an escaped quote opens nothing: else each of many would look for its end as far as the line goes
    patterns[name] = new RegExp([...parts.map((part) => `(${part})`), String.raw`\\[^]`].join("|"), "g");
  }
  return [patterns[name], name === "sql" ? (word) => SQL_KEYWORDS.has(word.toLowerCase()) : isKeyword];
}

function isKeyword(word) {
  return KEYWORDS.has(/^(?:True|False|None|Select)$/.test(word) ? word.toLowerCase() : word);
}

function highlight(text, language) {
  const [tokens, keyword] = pattern(language);
  const made = [[]];
  const add = (piece, kind) =>
    piece.split("\n").forEach((part, index) => {
      if (index) made.push([]);
      if (part) made[made.length - 1].push([part, kind]);
    });
  let end = 0;
  for (const match of text.matchAll(tokens)) {
    const [token, comment, string, figure, word] = match;
    const kind = comment ? "comment" : string ? "string" : figure ? "figure" : word && keyword(word) ? "keyword" : "";
    if (!kind) continue;
    add(text.slice(end, match.index), "");
    add(token, kind);
    end = match.index + token.length;
  }
  add(text.slice(end), "");
  return made;
}

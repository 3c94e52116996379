// Texts of samples are hostile: they reach the page as text nodes alone, never as markup.

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const FILTERS = ["language", "verdict", "execution", "error", "change"];
const PAIRS = [["before", "after"], ["reference", "before"], ["reference", "after"]];
const TITLES = { before: data.before.label, reference: "Reference" };
const SERIES = 6; // colours of methods, in page.css
const SHOWN_S = 2; // how long a button says that it has copied
const MAX_HIGHLIGHTED = 100000; // characters of a text; beyond, it is shown plain
const MAX_SHOWN = 200000; // characters of a text, and
const MAX_LINES = 3000; // lines: a page of more is too slow to read anyhow
const NARROW = matchMedia("(max-width: 800px)");
const state = { method: 0, shown: [], place: 0, pair: 0 };

// Invisible and reordering characters, spelt out so that what is read is what is there.
const UNSEEN = new RegExp(
  `[${data.unseen.map(([low, high]) => `\\u{${low.toString(16)}}-\\u{${high.toString(16)}}`).join("")}]`, "gu",
);

function visible(text) {
  return text.replace(UNSEEN, (found) => `<U+${found.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}>`);
}

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = visible(text);
  if (className) made.className = className;
  return made;
}

function labelOf(language) {
  return Object.hasOwn(data.languages, language) ? data.languages[language][0] : language || "not known";
}

function gain(sample, key) {
  const before = sample.before_scores[key];
  const after = sample.after_scores[key];
  return typeof before === "number" && typeof after === "number" ? after - before : null;
}

function verdict(sample) {
  const before = sample.before_scores.functional;
  const after = sample.after_scores.functional;
  if (!before || !after) return "none";
  if (before === "passed") return after === "passed" ? "both" : "broken";
  return after === "passed" ? "fixed" : "neither";
}

const VERDICTS = {
  fixed: "fixed", broken: "broken", both: "pass in both", neither: "pass in neither", none: "no verdict",
};
const CHANGES = {
  ...Object.fromEntries(data.figures.flatMap(([key, label]) => [
    [`${label} up`, (sample) => gain(sample, key) > 0],
    [`${label} down`, (sample) => gain(sample, key) < 0],
  ])),
  "same code": (sample) => sample.before === sample.after,
};
const ORDERS = {
  best: "most improved first", worst: "most worsened first", given: "as in the test set",
};

const TESTS = {
  language: (sample, wanted) => (sample.language || "not known") === wanted,
  verdict: (sample, wanted) => verdict(sample) === wanted,
  execution: (sample, wanted) => (sample.after_scores.execution || "none") === wanted,
  error: (sample, wanted) => (sample.after_scores.error || "none") === wanted,
  change: (sample, wanted) => CHANGES[wanted](sample),
};

function options(select, entries, everything) {
  select.replaceChildren();
  if (everything) select.append(new Option(everything, ""));
  for (const [value, label] of entries) select.append(new Option(visible(label), value));
}

function values(of) {
  const found = new Set(data.methods.flatMap((method) => method.examples.map(of)));
  return [...found].sort().map((value) => [value, value.replaceAll("_", " ")]);
}

function passed(sample, key) {
  return (sample.after_scores[key] === "passed") - (sample.before_scores[key] === "passed");
}

function improvement(sample) {
  const text = data.figures.reduce((sum, [key]) => sum + (gain(sample, key) || 0), 0);
  return passed(sample, "functional") * 1e6 + passed(sample, "execution") * 1e3 + text;
}

function matches(sample, words) {
  const texts = [sample.id, sample.instruction, sample.input, sample.reference, sample.before, sample.after];
  const all = texts.join("\n").toLowerCase();
  return words.every((word) => all.includes(word));
}

function refresh() {
  const method = data.methods[state.method];
  const current = state.shown[state.place];
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  state.shown = (method ? method.examples : []).filter(
    (sample) =>
      matches(sample, words) &&
      FILTERS.every((name) => !byId(name).value || TESTS[name](sample, byId(name).value)),
  );
  const order = byId("order").value;
  if (order === "best") state.shown.sort((a, b) => improvement(b) - improvement(a));
  if (order === "worst") state.shown.sort((a, b) => improvement(a) - improvement(b));
  const kept = state.shown.indexOf(current);
  const place = kept >= 0 ? kept : state.shown.findIndex((sample) => current && sample.id === current.id);
  byId("count").textContent = `${state.shown.length} of ${method ? method.examples.length : 0} samples`;
  drawList();
  show(Math.max(0, place));
}

function drawList() {
  byId("list").replaceChildren(
    ...state.shown.map((sample, place) => {
      const item = element("li");
      const button = element("button");
      button.type = "button";
      button.append(element("span", sample.instruction.slice(0, 200).split("\n")[0] || sample.id, "task"), facts(sample));
      button.addEventListener("click", () => {
        show(place);
        if (NARROW.matches) byId("sample").scrollIntoView(); // it lies below the list there
      });
      item.append(button);
      return item;
    }),
  );
}

function facts(sample) {
  const line = element("span", undefined, "facts");
  line.append(element("span", labelOf(sample.language)));
  const found = verdict(sample);
  const tone = { fixed: "better", broken: "worse" }[found];
  line.append(" · ", element("span", VERDICTS[found], tone));
  for (const [key, label] of data.figures) {
    const value = gain(sample, key);
    if (value !== null) line.append(" · ", element("span", `${label} ${signed(value)}`, tone_of(value)));
  }
  return line;
}

function tone_of(value) {
  return value > 0 ? "better" : value < 0 ? "worse" : "";
}

function signed(value) {
  const text = value.toFixed(1);
  if (Number(text) === 0) return "0.0";
  return value > 0 ? `+${text}` : `\u2212${text.slice(1)}`;
}

function show(place) {
  const buttons = byId("list").querySelectorAll("button");
  if (buttons[state.place]) buttons[state.place].removeAttribute("aria-current");
  state.place = place;
  const sample = state.shown[place];
  byId("sample").replaceChildren();
  byId("sample").scrollTop = 0;
  if (!sample) {
    byId("sample").append(element("p", "No sample matches."));
    return;
  }
  buttons[place].setAttribute("aria-current", "true");
  reveal(buttons[place].parentElement);
  const address = [data.methods[state.method].name, sample.id].map((name) => encodeURIComponent(wellFormed(name)));
  history.replaceState(null, "", `#${address.join("/")}`);
  drawSample(sample);
}

// Scrolls the list alone, so that the page stays where it is.
function reveal(item) {
  const list = byId("list");
  const end = item.offsetTop + item.offsetHeight - list.clientHeight;
  if (item.offsetTop < list.scrollTop) list.scrollTop = item.offsetTop;
  else if (end > list.scrollTop) list.scrollTop = end;
}

function drawSample(sample) {
  const pane = byId("sample");
  const texts = [sample.instruction, sample.input, sample.reference, sample.before, sample.after];
  const heading = element("div", undefined, "heading");
  heading.append(element("h2", `Sample ${sample.id}`), copyButton());
  pane.append(heading, facts(sample));
  if (!texts.some(Boolean)) {
    pane.append(scoreTable(sample), element("p", "The texts of the samples were left out of this report."));
    return;
  }
  pane.append(element("h3", "Task"), element("p", normal(sample.instruction), "prose"));
  if (sample.input) pane.append(element("h3", "Input"), element("p", normal(sample.input), "prose"));
  pane.append(pairButtons(), codeTable(sample));
}

function copyButton() {
  const button = element("button", "Copy link");
  button.type = "button";
  button.addEventListener("click", async () => {
    button.textContent = (await copied(location.href)) ? "Copied" : "Copy it from the address bar";
    setTimeout(() => { button.textContent = "Copy link"; }, SHOWN_S * 1000);
  });
  return button;
}

// Pages opened from a file have no clipboard in some browsers; the old way works there.
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = element("textarea", text);
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}

function scoreTable(sample) {
  const table = element("table", undefined, "code");
  table.append(titles(sample, PAIRS[0]));
  return table;
}

function pairButtons() {
  const bar = element("div", undefined, "pairs");
  PAIRS.forEach((pair, index) => {
    const button = element("button", pair.map(title).join(" and "));
    button.type = "button";
    button.setAttribute("aria-pressed", String(index === state.pair));
    button.addEventListener("click", () => choosePair(index));
    bar.append(button);
  });
  return bar;
}

function choosePair(index) {
  state.pair = index;
  show(state.place);
}

function title(side) {
  return TITLES[side] || data.methods[state.method].label;
}

function titles(sample, pair) {
  const row = element("tr");
  for (const side of pair) {
    const cell = element("th", title(side));
    cell.colSpan = 2;
    if (side !== "reference") {
      const scores = sample[`${side}_scores`];
      cell.append(element("div", outcomes(scores), "facts"));
      if (scores.message) cell.append(element("div", scores.message, "message"));
    }
    row.append(cell);
  }
  const head = element("thead");
  head.append(row);
  return head;
}

function outcomes(scores) {
  const names = [["functional", "tests"], ["execution", "run"], ...data.figures];
  const found = names.map(([key, label]) => `${label} ${outcome(scores[key])}`);
  return [...found, ...(scores.error ? [`fault: ${scores.error.replaceAll("_", " ")}`] : [])].join(", ");
}

function outcome(value) {
  return typeof value === "number" ? value.toFixed(1) : value || "n/a";
}

function codeTable(sample) {
  const pair = PAIRS[state.pair];
  const texts = pair.map((side) => normal(sample[side]));
  const [left, right] = texts.map((text) => text.split("\n"));
  const pieces = texts.map((text) => coloured(text, sample.language));
  const table = element("table", undefined, "code");
  const columns = element("colgroup");
  for (const width of ["22px", "auto", "22px", "auto"]) {
    const column = element("col");
    column.style.width = width;
    columns.append(column);
  }
  const body = element("tbody");
  for (const [before, after] of aligned(left, right)) {
    const row = element("tr");
    const both = before !== null && after !== null;
    const same = both && left[before] === right[after];
    const [gone, come] = (both && !same && changed(left[before], right[after])) || [];
    row.append(
      ...half(before === null ? null : pieces[0][before], same ? "" : "removed", "\u2212", gone),
      ...half(after === null ? null : pieces[1][after], same ? "" : "added", "+", come),
    );
    body.append(row);
  }
  table.append(columns, titles(sample, pair), body);
  const frame = element("div", undefined, "scroll");
  frame.append(table);
  return frame;
}

// A line's two cells: its sign, and its pieces with the changed range marked; null is no line.
function half(pieces, kind, sign, range) {
  if (!pieces) return [element("td", "", "mark"), element("td", "")];
  const cell = element("td", undefined, kind);
  const [start, end] = range || [0, 0];
  let place = 0;
  for (const [text, colour] of pieces) {
    const cuts = [0, start - place, end - place, text.length].map((cut) => Math.min(Math.max(cut, 0), text.length));
    for (let i = 0; i < 3; i++) {
      const part = text.slice(cuts[i], cuts[i + 1]);
      const className = `${colour}${i === 1 ? " changed" : ""}`.trim();
      if (part) cell.append(className ? element("span", part, className) : visible(part));
    }
    place += text.length;
  }
  return [element("td", kind ? sign : "", `mark ${kind}`), cell];
}

// A text with line ends as \n and none at its end, cut where it is too long to show.
function normal(text) {
  const whole = text.replace(/\r\n/g, "\n").replace(/\n+$/, "");
  const shown = whole.slice(0, MAX_SHOWN).split("\n", MAX_LINES).join("\n");
  const hidden = whole.length - shown.length;
  return hidden ? `${shown}\n\u2026 ${hidden} more characters: see comparison.json` : shown;
}

function coloured(text, language) {
  if (text.length <= MAX_HIGHLIGHTED) return highlight(text, language);
  return text.split("\n").map((line) => [[line, ""]]);
}

function drawSummary() {
  const head = element("tr");
  head.append(element("th", ""), ...data.metrics.map((name) => element("th", name)));
  const rows = [data.before, ...data.methods].map((run, index) => {
    const row = element("tr", undefined, index === state.method + 1 ? "current" : "");
    const name = element("th", run.label);
    const model = element("div", run.model, "facts");
    model.title = model.textContent;
    name.append(model);
    row.append(name, ...run.scores.map((score, place) => summaryCell(score, (run.differences || [])[place])));
    return row;
  });
  const [header, body] = [element("thead"), element("tbody")];
  header.append(head);
  body.append(...rows);
  byId("summary").replaceChildren(header, body);
}

function summaryCell(score, difference) {
  const cell = element("td", score ? `${score.text} ` : "n/a");
  if (score) cell.append(element("span", `[${score.interval}]`, "facts"));
  if (difference) {
    const change = element("div", difference.delta, difference.significant ? "significant" : "");
    change.append(element("span", ` [${difference.interval}]`, "facts"));
    cell.append(change, element("div", `p ${difference.p}`, "facts"));
    cell.title = difference.evidence;
  }
  return cell;
}

// Bars with their intervals; the axis of every panel is 0 to 100.
function drawChart() {
  byId("chart").replaceChildren(...data.drawn.map((place) => {
    const panel = element("div", undefined, "panel");
    panel.append(element("h2", data.metrics[place]));
    [data.before, ...data.methods].forEach((run, index) => {
      const score = run.scores[place];
      const series = index && 1 + ((index - 1) % SERIES);
      panel.append(element("span", run.label, "name"), track(score, series), element("span", score ? score.text : "n/a", "value"));
    });
    return panel;
  }));
}

function track(score, series) {
  const made = element("div", undefined, `track series-${series}`);
  if (!score) return made;
  const bar = element("div", undefined, "bar");
  bar.style.width = `${score.value}%`;
  made.append(bar);
  if (score.ci95) {
    const whisker = element("div", undefined, "whisker");
    whisker.style.left = `${score.ci95[0]}%`;
    whisker.style.width = `${score.ci95[1] - score.ci95[0]}%`;
    made.append(whisker);
  }
  return made;
}

function chooseMethod(index) {
  state.method = index;
  byId("method").value = String(index);
  const found = data.methods[index];
  byId("headline").textContent = found ? visible(found.headline) : "No method has been compared yet.";
  drawSummary();
  refresh();
}

function openAddress() {
  const [name, id] = location.hash.slice(1).split("/").map(decoded);
  const method = Math.max(0, data.methods.findIndex((candidate) => wellFormed(candidate.name) === name));
  chooseMethod(method);
  const place = state.shown.findIndex((sample) => wellFormed(sample.id) === id);
  if (place < 0) return;
  show(place);
  document.querySelector("main").scrollIntoView();
}

// An address cannot hold half a character.
function wellFormed(text) {
  return text.replace(/[\ud800-\udfff]/gu, "\ufffd");
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}

function step(by) {
  if (state.shown[state.place + by]) show(state.place + by);
  if (!NARROW.matches) document.querySelector("main").scrollIntoView({ block: "nearest" });
}

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  m: () => data.methods.length && chooseMethod((state.method + 1) % data.methods.length),
  d: () => choosePair((state.pair + 1) % PAIRS.length),
  "/": () => byId("search").focus(),
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.activeElement.blur();
  const writing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
  if (writing || event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(KEYS, event.key)) return;
  event.preventDefault();
  KEYS[event.key]();
});
byId("filters").addEventListener("submit", (event) => {
  event.preventDefault();
  byId("search").blur();
});
byId("filters").addEventListener("reset", () => setTimeout(() => chooseMethod(state.method)));
byId("search").addEventListener("input", refresh);
for (const name of [...FILTERS, "order"]) byId(name).addEventListener("change", refresh);
byId("method").addEventListener("change", () => chooseMethod(Number(byId("method").value)));
window.addEventListener("hashchange", openAddress);

byId("title").textContent = visible(data.title);
byId("tested").textContent = visible(data.tested);
document.title = `${visible(data.title)}: every sample`;
drawChart();
options(byId("method"), data.methods.map((method, index) => [String(index), method.label]));
options(byId("language"), values((sample) => sample.language || "not known").map(([value]) => [value, labelOf(value)]), "all");
options(byId("verdict"), Object.entries(VERDICTS), "all");
options(byId("execution"), values((sample) => sample.after_scores.execution || "none"), "all");
options(byId("error"), values((sample) => sample.after_scores.error || "none"), "all");
options(byId("change"), Object.keys(CHANGES).map((name) => [name, name]), "any");
options(byId("order"), Object.entries(ORDERS));
openAddress();

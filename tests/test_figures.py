"""The tables of measured figures say what the committed results files hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
# document, how the header of its tables begins, results file: the figures of a row are of one object of the file
BY_ROW = [
    ("benchmarks/README.md", "run | ", "train_gpu"),
    ("benchmarks/README.md", "what (settings in `training/peers.py`) | tokens/s", "train_gpu"),
    ("benchmarks/README.md", "way | new tokens/s", "generate_gpu"),
    ("docs/training.md", " | real tokens/s | peak GiB", "train_gpu"),
    ("docs/training.md", "7B shape within a budget, on two machines | ", "train_gpu"),
    ("docs/training.md", " | real tokens/s, median", "train_cpu"),
    ("docs/scaling.md", "batch | processes | ", "load_balance"),
    ("docs/sandbox.md", "what | best | median", "sandbox"),
    ("docs/statistics.md", "metric | n | percentile", "interval_methods"),
    ("docs/reliability.md", "Phase | Work", "soak"),
]
# the same where every column is of another object
BY_CELL = [
    ("benchmarks/README.md", "ms | before | after", "train_gpu"),
    ("benchmarks/README.md", "Work | Seconds", "scoring"),
    ("docs/training.md", "7B Llama on an H200, tokens/s | ", "train_gpu"),
    ("docs/training.md", " | without | with", "train_gpu"),
    ("docs/training.md", "7B shape, 40 steps, one call | ", "train_gpu"),
    ("docs/training.md", "200 steps of ", "train_gpu"),
    ("docs/scaling.md", "tokens/s | 1 GPU, 32 samples", "train_gpu"),
    ("docs/scaling.md", " | FSDP2 | DDP", "train_gpu"),
]
VALUE = re.compile(r"\+?([\d,.]+)(?: %| GiB| steps| samples)?")
FIGURE = re.compile(r"(?<![\d.,])(\d{1,3}(?:,\d{3})+|\d+\.\d+)(?! ?%)")
SHARE = re.compile(r"([\d.]+) %")


def _read(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def _rows(document: str, header: str) -> list[list[str]]:
    """The cells of the rows of every table whose header begins so."""
    tables = [part.splitlines() for part in re.findall(r"(?:^\|.*\n)+", _read(document) + "\n", re.MULTILINE)]
    lines = [
        line
        for table in tables
        if table[0].startswith(f"| {header}".replace("|  |", "| |"))
        for line in table[2:]
    ]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def _objects(found: Any) -> Iterator[dict[str, Any]]:
    """Every object of a JSON file."""
    if isinstance(found, dict):
        yield found
    for value in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
        yield from _objects(value)


def _found(file: str) -> Any:
    return json.loads(_read(f"benchmarks/results/{file}.json"))


def _stored(file: str) -> list[dict[str, Any]]:
    return list(_objects(_found(file)))


def _is_in(figure: str, stored: dict[str, Any]) -> bool:
    """Whether a number of the object is rounded to `figure`, as it is or in per cent."""
    value, half = float(figure.replace(",", "")), 0.501 * 10 ** -len(figure.partition(".")[2])
    numbers = [number for number in stored.values() if isinstance(number, int | float)]
    return any(abs(number * scale - value) <= half for number in numbers for scale in (1, 100))


def _is_of_the_method(row: list[str], stored: dict[str, Any]) -> bool:
    name = str(stored.get("name", ""))
    return (
        "lora" not in name.lower() or "LoRA" not in row[0] or ("QLoRA" in row[0]) == ("qlora" in name.lower())
    )


@pytest.mark.parametrize(("document", "header", "file"), BY_ROW)
def test_the_figures_of_a_row_are_of_one_measured_run(document: str, header: str, file: str):
    rows, stored = _rows(document, header), _stored(file)
    assert rows
    for row in rows:
        shown = [re.sub(r" \(.*?\)", "", cell) for cell in row[1:]]
        figures = [found[1] for cell in shown if (found := VALUE.fullmatch(cell))]
        assert figures, row
        assert any(
            _is_of_the_method(row, each) and all(_is_in(figure, each) for figure in figures)
            for each in stored
        ), row


@pytest.mark.parametrize(("document", "header", "file"), BY_CELL)
def test_every_figure_of_a_table_was_measured(document: str, header: str, file: str):
    rows, stored = _rows(document, header), _stored(file)
    assert rows
    for row in rows:
        figures = FIGURE.findall(" | ".join(row[1:]))
        assert figures, row
        assert [figure for figure in figures if not any(_is_in(figure, each) for each in stored)] == [], row


@pytest.mark.parametrize(
    ("document", "header", "times"),
    [("docs/scaling.md", BY_CELL[6][1], 2), ("docs/training.md", BY_CELL[4][1], 1)],
    ids=["two GPUs", "float16"],
)
def test_shares_follow_from_the_speeds_beside_them(document: str, header: str, times: int):
    for row in _rows(document, header):
        (first, second), shares = row[1:3], SHARE.findall(" | ".join(row))
        speeds = [int(figure.replace(",", "")) for figure in FIGURE.findall(first) if "," in figure]
        (other,) = (int(figure.replace(",", "")) for figure in FIGURE.findall(second) if "," in figure)
        expected = [100 * other / (times * speed) for speed in speeds]
        assert len(shares) == len(speeds)
        for share, value in zip(shares, expected, strict=True):
            assert float(share) == round(value, len(share.partition(".")[2])), row


def test_both_documents_name_the_same_efficiencies():
    pairs = re.findall(r"([\d,]+) \(([\d.]+) % of twice", _read("benchmarks/README.md"))
    assert len(pairs) >= 6
    shown = [" ".join(row) for row in _rows("docs/scaling.md", BY_CELL[6][1])]
    assert [pair for pair in pairs if not any(f"{pair[0]} {pair[1]} %" in row for row in shown)] == []


def test_the_campaigns_of_kills_are_the_stored_ones():
    text = _read("docs/reliability.md")
    for name, file in (("LoRA", "crash_campaign"), ("QLoRA", "crash_campaign_qlora")):
        found = _found(file)
        assert re.search(
            rf"\| {name} \| {found['points']}: .* \| {found['killed']} \| {found['equal']} \|", text
        )
    stages = _found("crash_stages")
    good = [each for each in stages if each["equal"] and not each["twice"] and not each["left_over"]]
    assert f"{len(good)} of {len(stages)} resumed" in text


def _sentences() -> Iterator[tuple[str, str]]:
    """Documents, and words of theirs with the figures of results files put in."""
    sums = _found("data")["sums"]
    minhash, rest = (sums[name]["cpu_s"] for name in ("MinHash", "all else"))
    yield (
        "docs/data.md",
        f"takes {minhash + rest:.0f} s of CPU time on two cores, of which MinHash takes {minhash:.0f}",
    )
    speeds = _found("generate_cpu")["median"]
    one, together = speeds["one by one"], speeds["generate_answers"]
    yield (
        "docs/training.md",
        f"gives {one:.1f} new tokens/s, 16 together {together:.1f}, {together / one:.0f} times as many",
    )
    vllm = _found("vllm_equality")
    base, adapter = vllm["greedy"]["base"], vllm["greedy"]["adapter"]
    for words, row in (
        (f"greedy answers and those of transformers, up to {vllm['max_new_tokens']} tokens", base),
        (f"the same with a random adapter, which changed {adapter['changed_by_it']} of them", adapter),
        ("sampled answers in one batch and in others", vllm["sampled"]),
    ):
        yield "docs/configuration.md", f"| {words} | {row['equal']} of {row['n']} |"
    sharded = _found("generate_gpu")["sharded"]
    (alone,), (two, _) = (sharded["gpus"][count]["seconds"] for count in "12")
    yield "docs/scaling.md", f"one H200 took {alone} s, two took {two} s, {alone / two:.1f} times as fast"
    yield "docs/scaling.md", f"All {sharded['equal_answers']:,} answers are the same"
    yield "docs/experiments.md", f"| [{alone:.0f} seconds](scaling.md#measured-two-gpus) |"
    functional = _found("functional")
    yield "docs/functional.md", f"| give a verdict | **{functional['verdict_percent']} %** |"
    unparsed = 100 * functional["references"]["reference does not parse"] / functional["samples"]
    yield "docs/functional.md", f"| do not parse | {unparsed:.1f} % |"
    caught = functional["mutants_of_all_references"]
    yield "docs/functional.md", f"{caught['caught_percent']:.1f} % of {caught['n']} are caught"
    card = _read("benchmarks/results/code_alpaca_data_card.md").split("## Novelty")[1]
    rows_of_card = re.findall(r"^\| training .*", re.sub(r" \(.*?\)", "", card), re.MULTILINE)
    assert len(rows_of_card) == 3
    yield from (("docs/data.md", row) for row in rows_of_card)


def test_sentences_have_the_measured_figures():
    sentences = list(_sentences())
    assert len(sentences) > 10
    texts = {document: " ".join(_read(document).split()) for document, _ in sentences}
    assert [words for document, words in sentences if words not in texts[document]] == []


def test_scores_in_another_number_type_are_the_stored_ones():
    stored = _found("number_types")["minus_float32"]
    equal = [each["equal_answers"] for each in stored.values()]
    assert "{} and {} answers are those of float32".format(*equal) in " ".join(
        _read("docs/training.md").split()
    )
    rows = _rows("docs/training.md", "minus float32 ")
    for (label, *cells), metric in zip(
        rows, ("functional_accuracy", "execution_success", "codebleu", "bleu"), strict=True
    ):
        for cell, number_type in zip(cells, stored.values(), strict=True):
            found = number_type["metrics"][metric]
            assert [float(number) for number in re.findall(r"[-+]?\d+\.\d", cell)] == [
                found["delta"],
                *found["ci95"],
            ]
            assert label.endswith(f"n = {found['n']}")


def test_the_judge_before_its_last_change_is_named_with_its_stored_scores():
    stored = json.loads(_read("benchmarks/results/labelled.json"))
    page = " ".join(_read("docs/functional.md").split())
    sets = [*(f"code_alpaca_subtle_{which}" for which in ("fifth", "sixth", "seventh")), "ninth_hand"]
    (commit,) = {stored["earlier"][name]["commit"] for name in sets}
    assert f"the judge before (commit {commit})" in page
    wrong = [(stored[name]["wrong"]["passed"], stored["earlier"][name]["wrong"]["passed"]) for name in sets]
    fifth, sixth, seventh, ninth = (f"{now} for {before} of" for now, before in wrong)
    first = fifth.replace(" for", " wrong answers pass for")
    assert (
        f"{first} the fifth set, {sixth} the sixth, {seventh} the seventh and {ninth} the ninth hand" in page
    )
    right = [(stored[name]["right"]["passed"], stored["earlier"][name]["right"]["passed"]) for name in sets]
    assert all(now == before for now, before in right[:3])
    assert (
        "as many right answers pass on the three sets, and {} for {} of the ninth hand".format(*right[3])
        in page
    )
    assert f"The {wrong[2][0]} wrong answers of the seventh set that pass" in page
    assert f"the last one gave {stored[sets[2]]['wrong']['passed_percent']} %" in page


def test_new_answers_to_seen_samples_are_told_with_their_stored_scores():
    stored = json.loads(_read("benchmarks/results/labelled.json"))
    page = " ".join(_read("docs/functional.md").split())
    now, before = (each["code_alpaca_new_answers"] for each in (stored, stored["earlier"]))
    right, acceptable, wrong = (now[label]["passed_percent"] for label in ("right", "acceptable", "wrong"))
    assert (
        f"{right} % of the right ones pass, {acceptable} % of the acceptable and {wrong} % of the wrong"
        in page
    )
    assert "{passed} of {n}; by the judge before".format(**now["wrong"]) in page
    earlier = [str(before[label]["passed_percent"]) for label in ("right", "acceptable", "wrong")]
    assert f"by the judge before {earlier[0]}, {earlier[1]} and {earlier[2]} %" in page
    places = now["samples"].split()
    drawn = {
        p for w in ("fifth", "sixth", "seventh") for p in stored[f"code_alpaca_subtle_{w}"]["samples"].split()
    }
    assert len(places) == now["tasks"] == 84
    assert {*places} <= drawn


def test_the_last_judge_is_told_with_its_stored_scores():
    now = json.loads(_read("benchmarks/results/labelled.json"))["code_alpaca_more_answers"]
    page = " ".join(_read("docs/functional.md").split())
    right, acceptable, wrong = (
        "{passed_percent} % of {n}".format(**now[label]) for label in ("right", "acceptable", "wrong")
    )
    told = f"{right} right ones pass, {acceptable} acceptable ones and {wrong} wrong ones."
    assert f"The last judge (commit {now['commit']})" in page
    assert f"answers to {now['tasks']} others of these samples: {told}" in page


def test_the_rows_of_code_alpaca_are_added_up():
    stored = json.loads(_read("benchmarks/results/labelled.json"))
    older = [stored["code_alpaca"], stored["code_alpaca_again"], stored["earlier"]["code_alpaca"]]
    shares = []
    for label in ("right", "acceptable", "wrong"):
        passed, n = (sum(each[label][key] for each in older) for key in ("passed", "n"))
        shares.append(f"{100 * passed / n:.1f} % of {n}")
    right, acceptable, wrong = shares
    page = " ".join(_read("docs/functional.md").split())
    assert f"together give {right} right answers, {acceptable} acceptable ones and {wrong} wrong ones" in page
    names = [
        f"code_alpaca_subtle{w}" for w in ("", "_again", "_third", "_fourth", "_fifth", "_sixth", "_seventh")
    ]
    drawn = [stored[name] for name in names]
    sets = [*older, *drawn]
    answers = sum(each[label]["n"] for each in sets for label in ("right", "acceptable", "wrong"))
    assert f"{answers:,} answers to {sum(each['tasks'] for each in sets)} samples of Code Alpaca" in page
    passed, n = (sum(each["wrong"][key] for each in drawn[-3:]) for key in ("passed", "n"))
    before = sum(stored["earlier"][name]["wrong"]["passed"] for name in names[-3:])
    assert f"{passed} of {n} wrong ones ({100 * passed / n:.1f} %; by the judge before {before})" in page
    low, high = (each(one["right"]["passed_percent"] for one in drawn) for each in (min, max))
    assert f"{low} to {high} % of the right answers pass" in page
    places = [place for each in sets for place in each["samples"].split()]
    assert len(places) == len({*places})

"""Splits depend on content alone, and no near-duplicates straddle them."""

import dataclasses
import random
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz import fuzz

from src.data.curation.deduplication import jaccard
from src.data.curation.shingles import answer_shingles, shingles, tokenise
from src.data.curation.splitting import (
    ALIKE,
    LARGE_CLUSTER,
    assign_splits,
    find_neighbours,
    straddling,
    unit_hash,
)
from tests.data.preparing import example, row

THRESHOLD = 0.7


def made(numbers):
    return [example(number, **row(number)) for number in numbers]


def by_id(examples, fractions=(0.2, 0.2)):
    splits = assign_splits(find_neighbours(examples, THRESHOLD), *fractions)
    return {item.id: split for item, split in zip(examples, splits, strict=True)}


def copies(original, count):
    """Examples with the original's prompt but for one word at its end, and other outputs."""
    long = " ".join(f"word{number}" for number in range(20))
    return [
        dataclasses.replace(original, id=f"{original.id}-{number}", instruction=f"{long} {number}", output=f"print({number})")
        for number in range(count)
    ]  # fmt: skip


def test_the_rows_of_the_tests_have_no_near_duplicates():
    assert find_neighbours(made(range(600)), THRESHOLD).clusters == []


def test_splits_have_the_fractions_of_the_configuration():
    splits = list(by_id(made(range(1200)), (0.1, 0.2)).values())
    # binomial, 4 standard deviations
    assert abs(splits.count("validation") - 120) < 4 * (1200 * 0.1 * 0.9) ** 0.5
    assert abs(splits.count("test") - 240) < 4 * (1200 * 0.2 * 0.8) ** 0.5


def test_a_fraction_of_0_gives_no_rows():
    assert set(by_id(made(range(300)), (0.0, 0.0)).values()) == {"train"}
    assert set(by_id(made(range(300)), (0.5, 0.0)).values()) == {"train", "validation"}


@settings(max_examples=5, deadline=None)
@given(st.randoms(use_true_random=False))
def test_reordering_rows_moves_none(draw):
    examples = made(range(150)) + copies(made([999])[0], 5)
    shuffled = draw.sample(examples, len(examples))
    assert by_id(shuffled) == by_id(examples)


def test_adding_and_removing_rows_moves_no_other():
    few, many = by_id(made(range(200))), by_id(made(range(400)))
    assert few == {name: many[name] for name in few}


def test_adding_a_copy_of_a_prompt_moves_no_row_not_even_its_twin():
    examples = made(range(200))
    twins = [
        dataclasses.replace(item, id=f"{item.id}-twin", output=f"other({item.id})") for item in examples[:50]
    ]
    before, after = by_id(examples), by_id(examples + twins)
    assert before == {name: after[name] for name in before}
    assert all(after[f"{item.id}-twin"] == after[item.id] for item in examples[:50])


def test_a_larger_test_fraction_only_adds_to_test():
    small, large = by_id(made(range(500)), (0.0, 0.1)), by_id(made(range(500)), (0.0, 0.3))
    assert all(large[name] == "test" for name, split in small.items() if split == "test")


def test_no_pair_of_near_duplicates_straddles_by_brute_force():
    draw = random.Random(7)
    examples = []
    for family in range(40):
        words = [f"w{family}x{place}" for place in range(24)]
        for member in range(4):
            kept = [word if draw.random() > 0.04 else f"new{draw.randrange(10**6)}" for word in words]
            examples.append(example(f"{family}-{member}", f"f{family}({member})", instruction=" ".join(kept)))
    splits = by_id(examples)
    prompts = shingles(tokenise(f"{item.instruction}\n{item.input}" for item in examples))
    answers = answer_shingles(tokenise(item.output for item in examples))
    near = [
        (examples[a].id, examples[b].id)
        for a, b in combinations(range(len(examples)), 2)
        if max(jaccard(prompts[a], prompts[b]), jaccard(answers[a], answers[b])) >= THRESHOLD
    ]
    assert len(near) >= 20
    assert all(splits[left] == splits[right] for left, right in near)
    assert {"train", "validation", "test"} == set(splits.values())


CHINESE = (
    "请用语言编写程序读取文件内容统计其中单词出现次数然后打印结果返回列表排序删除重复元素计算平均值最大最小"
)
THAI = "เขียนโปรแกรมอ่านข้อความจากไฟล์แล้วนับจำนวนคำที่ปรากฏและพิมพ์ผลลัพธ์เรียงลำดับรายการลบซ้ำ"


@pytest.mark.parametrize("alphabet", [CHINESE, THAI])
def test_prompts_without_spaces_that_differ_in_one_character_stay_together(alphabet):
    draw = random.Random(3)
    examples = []
    for pair in range(60):
        text = "".join(draw.choices(alphabet, k=40))
        for member, letter in enumerate("甲乙"):
            instruction = text[:20] + letter + text[20:]
            examples.append(example(f"{pair}-{member}", f"f{pair}({member})", instruction=instruction))
    near = find_neighbours(examples, THRESHOLD)
    assert {group for group in near.groups if len(group) > 1} == {
        (2 * pair, 2 * pair + 1) for pair in range(60)
    }
    assert straddling(near, assign_splits(near, 0.2, 0.3)) == []


@pytest.mark.parametrize("alphabet", ["abcdefghijklmnopqrstuvwxyz", CHINESE, THAI])
def test_no_answer_of_a_side_is_90_percent_alike_to_one_of_another_by_brute_force(alphabet):
    draw = random.Random(5)
    examples = []
    for family in range(60):
        text = "".join(draw.choices(alphabet, k=60))
        for member in range(3):  # every fifth character or so of the second and third is another
            changed = (letter if draw.random() > 0.08 * member else draw.choice("XYZ") for letter in text)
            output = f"print({''.join(changed)!r})"
            examples.append(
                example(f"{family}-{member}", output, instruction=row(len(examples))["instruction"])
            )
    splits = by_id(examples)
    pairs = [(a, b) for a, b in combinations(examples, 2) if fuzz.ratio(a.output, b.output) >= 100 * ALIKE]
    assert 40 <= len(pairs) < 180
    assert all(splits[a.id] == splits[b.id] for a, b in pairs)
    assert {"train", "validation", "test"} == set(splits.values())
    assert find_neighbours(examples, 1.0).alike_pairs == ()  # copies only


def test_an_answer_that_many_rows_share_keeps_them_together_only_where_it_is_no_label():
    def clusters(count, output):
        made = [example(number, output, instruction=row(number)["instruction"]) for number in range(count)]
        return len(find_neighbours(made, THRESHOLD).clusters)

    assert clusters(LARGE_CLUSTER, "25") == 1
    assert clusters(LARGE_CLUSTER + 1, "25") == 0


def test_examples_with_the_same_answer_stay_together_and_with_another_short_one_not():
    same = "total = 0\nfor item in items:\n    total += item\nprint(total)"
    long = [example(number, same, instruction=f"{row(number)['instruction']}") for number in range(10)]
    assert len(find_neighbours(long, THRESHOLD).clusters) == 1
    short = [
        example(number, f"version 1.{number}", instruction=f"{row(number)['instruction']}")
        for number in range(10)
    ]
    assert find_neighbours(short, THRESHOLD).clusters == []


def test_a_cluster_too_large_for_a_test_goes_to_train():
    for count in (LARGE_CLUSTER, LARGE_CLUSTER + 1):
        group = copies(example(1), count)
        near = find_neighbours(group, THRESHOLD)
        assert len(near.clusters) == 1
        splits = set(assign_splits(near, 0.0, 1.0))
        assert splits == ({"test"} if count <= LARGE_CLUSTER else {"train"})


def test_straddling_clusters_are_named():
    near = find_neighbours(copies(example(1), 3), THRESHOLD)
    assert straddling(near, ["train", "train", "train"]) == []
    assert straddling(near, ["train", "test", "train"]) == [(0, 1, 2)]


def test_a_unit_hash_is_between_0_and_1_and_the_same_everywhere():
    # python 3.11: int(hashlib.sha256(b"a").hexdigest()[:13], 16) / 16**13
    assert unit_hash("a") == 0.7913742705223814
    assert all(0 <= unit_hash(str(number)) < 1 for number in range(100))

"""A planted leak is found by its kind and can be removed; what is merely similar is not a leak."""

import dataclasses

import pytest

from src.data.curation.contamination import COMMON_ROWS, PROMPT_WORDS, Overlap, find_overlaps
from src.data.preparation import check_contamination
from tests.data.preparing import data_config, example, row

TRAIN = [example(number, **row(number)) for number in range(100)]
TASK = example(
    "task/1",
    "    total = 0\n    for price, count in basket:\n        total += price * count\n    return round(total, 2)\n",
    instruction="Return the price of everything in a basket, rounded to two decimals, where each item of the "
    "basket is a pair of a price and of how many there are of it.",
    prefix='def basket_price(basket):\n    """Return the price of all that is in the basket."""\n',
)


def planted(**changes):
    return dataclasses.replace(example("leak", "print('nothing')", instruction="Say nothing"), **changes)


def kinds(*leaks):
    found = find_overlaps([*TRAIN, *leaks], {"tasks": [TASK]}, 0.7)
    assert all(item.against == "tasks" and item.other_id == "task/1" for item in found)
    assert {item.train_id for item in found} <= {leak.id for leak in leaks}
    return {item.kind for item in found}


def test_clean_rows_overlap_nothing():
    assert kinds() == set()
    assert kinds(planted()) == set()


def test_a_copied_prompt_is_found():
    assert kinds(planted(instruction=f"{TASK.instruction}\n\n{TASK.prefix}")) >= {
        "prompt n-gram",
        "near prompt",
    }


def test_an_n_gram_of_words_of_the_prompt_is_found_anywhere():
    run = " ".join(TASK.instruction.split()[2 : 2 + PROMPT_WORDS])
    assert kinds(planted(instruction=f"My teacher said: {run.upper()}! Please hurry.")) == {"prompt n-gram"}
    assert kinds(planted(output=f'"""{run}"""')) == {"prompt n-gram"}
    shorter = " ".join(TASK.instruction.split()[2 : 1 + PROMPT_WORDS])
    assert kinds(planted(instruction=f"My teacher said: {shorter}! Please hurry.")) == set()


def test_a_prompt_without_spaces_is_found_whole_and_in_part():
    text = "写一个函数计算购物篮里所有商品的总价并把结果四舍五入到两位小数"
    task = dataclasses.replace(TASK, instruction=text, prefix="")

    def kinds_of(instruction):
        found = find_overlaps([*TRAIN, planted(instruction=instruction)], {"tasks": [task]}, 0.7)
        return {item.kind for item in found}

    assert kinds_of(text.replace("篮", "车")) == {"prompt n-gram", "near prompt"}
    assert kinds_of(f"老师说：{text[4 : 4 + PROMPT_WORDS]}！") == {"prompt n-gram"}
    assert kinds_of(f"老师说：{text[4 : 3 + PROMPT_WORDS]}！") == set()


def test_a_copied_solution_is_found():
    assert kinds(planted(output=TASK.prefix + TASK.output)) >= {"solution n-gram", "near solution"}


def test_a_part_of_the_solution_is_found():
    part = TASK.output[: TASK.output.index("2)")]  # 21 tokens
    assert kinds(planted(output=f"basket = [(1, 2)]\n{part}1)\n    print(total)")) == {"solution n-gram"}


def test_an_n_gram_of_many_training_rows_is_boilerplate():
    part = TASK.output[: TASK.output.index("2)")]  # 21 tokens
    leaks = [
        planted(id=f"leak{n}", output=f"name_{n} = {n}\n{part}{n + 10})") for n in range(COMMON_ROWS + 1)
    ]
    assert kinds(*leaks[:COMMON_ROWS]) == {"solution n-gram"}
    assert kinds(*leaks) == set()


def test_whole_copies_are_found_however_many_they_are():
    leaks = [planted(id=f"leak{n}", output=TASK.prefix + TASK.output) for n in range(COMMON_ROWS + 5)]
    found = find_overlaps([*TRAIN, *leaks], {"tasks": [TASK]}, 0.7)
    assert {item.train_id for item in found if item.kind == "near solution"} == {leak.id for leak in leaks}


def test_overlaps_come_in_one_order_whatever_the_order_of_rows():
    leaks = [planted(id=f"leak{n}", output=TASK.prefix + TASK.output + f"# {n}") for n in range(3)]
    rows = [*TRAIN, *leaks]
    found = find_overlaps(rows, {"tasks": [TASK]}, 0.7)
    assert found == find_overlaps(rows[::-1], {"tasks": [TASK]}, 0.7)
    assert len(found) == len(set(found))


@pytest.mark.parametrize("removing", [True, False])
def test_leaks_are_removed_from_train_where_the_config_says_so(tmp_path, removing):
    leak = planted(output=TASK.prefix + TASK.output)
    copy_of_test = planted(id="twin", instruction=" ".join(f"word{number}" for number in range(15)))
    held_out = dataclasses.replace(copy_of_test, id="held", output="other_name = 7")
    splits = {"train": [*TRAIN, leak, copy_of_test], "validation": TRAIN[:5], "test": [held_out]}
    config = data_config(tmp_path, remove_contamination=str(removing).lower())
    after, found = check_contamination(splits, {"tasks": [TASK]}, config)
    assert found.checked == {"test": 1, "tasks": 1}
    assert found.rows == {"test": 1, "tasks": 1}
    assert Overlap("twin", "test", "held", "near prompt") in found.overlaps
    assert found.removed == (2 if removing else 0)
    assert after["train"] == (TRAIN if removing else splits["train"])
    assert after["validation"] == splits["validation"]
    assert after["test"] == splits["test"]


def test_nothing_to_compare_with_is_no_overlap():
    assert find_overlaps(TRAIN, {"test": []}, 0.7) == []
    assert find_overlaps([], {"test": TRAIN}, 0.7) == []

"""What files a program wrote is recorded, within bounds."""

from tests.evaluation.differential.inside.records import record


def test_long_files_and_many_are_compared_whole(sandbox):
    program = "for n in range(12):\n    open(f'{n}.txt', 'w').write('a' * 5000 + END if n == 11 else 'b')\n"
    ends = [
        record(sandbox, program.replace("END", end), ordered=True)["files"] for end in ("'c'", "'d'", "'c'")
    ]
    assert ends[0] == ends[2] != ends[1]
    long = [record(sandbox, f"open('a', 'w').write('a' * 9000 + '{end}')")["files"]["a"] for end in "cd"]
    assert long[0] != long[1]
    assert len(long[0]) < 5_000

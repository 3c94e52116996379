"""What a machine lacks is distinguished from what a program got wrong."""

import pytest

from src.evaluation.execution.missing_dependencies import marked_missing
from src.schema import Execution

LACKING = [  # language, the error's type, what it wrote (as the tools of 2026 word it), what is missing
    ("python", "ModuleNotFoundError", "ModuleNotFoundError: No module named 'numpy'", "no numpy"),
    ("python", "ModuleNotFoundError", "ModuleNotFoundError: No module named 'sklearn.svm'", "no sklearn"),
    ("python", "gaierror", "socket.gaierror: [Errno -3] Temporary failure in name resolution", "no network"),
    ("javascript", "exit 1", "Error: Cannot find module 'express'\nRequire stack:", "no express"),
    ("javascript", "exit 1", "ReferenceError: document is not defined", "no document"),
    ("javascript", "exit 1", "ReferenceError: $ is not defined", "no $"),
    ("bash", "exit 127", "main.sh: line 3: kubectl: command not found", "no kubectl"),
    ("c", "compile: exit 1", "main.c:1:10: fatal error: conio.h: No such file or directory", "no conio.h"),
    ("java", "compile: exit 1", "error: package org.json does not exist", "no org.json"),
    ("php", "exit 255", "PHP Fatal error:  Uncaught PDOException: could not find driver", "no driver"),
    ("ruby", "exit 1", "cannot load such file -- nokogiri (LoadError)", "no nokogiri"),
    (
        "go",
        "compile: exit 1",
        "no required module provides package github.com/gin-gonic/gin: go.mod",
        "no github.com/gin-gonic",
    ),
    ("go", "compile: exit 1", "main.go:3:8: package golang.org/x/net/html is not in std", "no golang.org"),
    ("rust", "compile: exit 1", "error[E0432]: unresolved import `rand`", "no rand"),
    (
        "cpp",
        "compile: exit 1",
        "main.cpp:1:10: fatal error: boost/any.hpp: No such file or directory",
        "no boost",
    ),
    ("java", "compile: exit 1", "error: package javafx.application does not exist", "no javafx"),
    ("ruby", "exit 1", "cannot load such file -- active_support/core_ext (LoadError)", "no active_support"),
]
WRONG = [
    ("python", "ModuleNotFoundError", "ModuleNotFoundError: No module named 'made_up_thing'"),
    ("python", "NameError", "NameError: name 'numpy' is not defined"),
    ("javascript", "exit 1", "Error: Cannot find module './helper'"),
    ("javascript", "exit 1", "ReferenceError: total is not defined"),
    ("bash", "exit 127", "main.sh: line 3: no_such_thing: command not found"),
    ("c", "compile: exit 1", "main.c:1:10: fatal error: my_made_up_header.h: No such file or directory"),
    ("c", "compile: exit 1", 'main.c:1:10: fatal error: /etc/passwd: No such file or directory'),
    ("cpp", "compile: exit 1", "main.cpp:1:10: fatal error: ../boost.h: No such file or directory"),
    ("java", "compile: exit 1", "error: package java.utl does not exist"),
    ("java", "compile: exit 1", "error: package com.example.shapes does not exist"),
    ("go", "compile: exit 1", "no required module provides package github.com/nobody/made-up: go.mod"),
    ("go", "compile: exit 1", "main.go:3:8: package shapes is not in std"),
    ("ruby", "exit 1", "cannot load such file -- made_up (LoadError)"),
    ("ruby", "exit 1", "cannot load such file -- /tmp/rails (LoadError)"),
    ("bash", "exit 1", "main.sh: line 3: ./kubectl: command not found"),
    ("java", "compile: exit 1", "error: cannot find symbol"),
    ("rust", "compile: exit 1", "error[E0432]: unresolved import `helper`"),
    ("sql", "OperationalError", "no such table: pets"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "detail", "stderr", "missing"), LACKING)
def test_what_is_missing_is_named(language, detail, stderr, missing):
    execution = marked_missing(language, Execution("error", detail, stderr=stderr))
    assert (execution.outcome, execution.detail) == ("not_run", missing)
    assert f"no {execution.lacks}" == missing


@pytest.mark.parametrize(("language", "detail", "stderr"), WRONG)
def test_what_a_program_got_wrong_stays_an_error(language, detail, stderr):
    execution = Execution("error", detail, stderr=stderr)
    assert marked_missing(language, execution) is execution


@pytest.mark.parametrize("outcome", ["passed", "failed", "timeout", "killed", "out_of_memory"])
def test_only_errors_are_looked_at(outcome):
    execution = Execution(outcome, "", stderr="No module named 'numpy'")
    assert marked_missing("python", execution) is execution

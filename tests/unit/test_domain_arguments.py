"""Argument vectors: whatever a value contains, it stays one argument."""

import shlex
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scale_core.domain.arguments import (
    Placeholder,
    TemplateError,
    build_arguments,
    names_used,
    split_template,
)
from scale_core.domain.template_checks import template_problems

NAMES = st.text("ABCxyz019 _-", min_size=1, max_size=12)
PLAIN = st.text(st.characters(codec="utf-8", exclude_characters="$\\"))


def build(arguments: str, **values: str) -> list[str]:
    return build_arguments("run", arguments, values, "/out")[1:]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("", []),
        ("  \t\n ", []),
        ("${image} ${job_output_dir}", ["/in/a b.png", "/out"]),
        ("${-f:image}", ["-f", "/in/a b.png"]),
        ("${-f :image}", ["-f", "/in/a b.png"]),
        ("${--file=:image}", ["--file=/in/a b.png"]),
        ("${--file= :image}", ["--file=/in/a b.png"]),
        ("${--time 12:30:image}", ["--time 12:30", "/in/a b.png"]),
        ("${:image}", ["/in/a b.png"]),
        ("--file=${image}", ["--file=/in/a b.png"]),
        ('"${image}"', ["/in/a b.png"]),
        ("'${image}'", ["/in/a b.png"]),
        ("${image}${job_output_dir}", ["/in/a b.png/out"]),
        ("${job_output_dir}/x.tif", ["/out/x.tif"]),
        ("${-o:job_output_dir}", ["-o", "/out"]),
        ("${not given}", []),
        ("${-n:not given}", []),
        ("${--n=:not given}", []),
        ("a=${not given}", ["a="]),
        ("${my input}", ["value"]),
        ('${it\'s "odd":my input}', ['it\'s "odd"', "value"]),
        ("\\${image}", ["${image}"]),
        ('"\\${image}"', ["${image}"]),
        ("$image $HOME `id` $(id) ; | > *", ["$image", "$HOME", "`id`", "$(id)", ";", "|", ">", "*"]),
        ("''", [""]),
        ('\'a b\' "c \\" d" e\\ f', ["a b", 'c " d', "e f"]),
    ],
)
def test_the_template_becomes_these_arguments(template: str, expected: list[str]) -> None:
    values = {"image": "/in/a b.png", "my input": "value"}
    assert build_arguments("run", template, values, "/out")[1:] == expected


def test_an_empty_value_is_a_value() -> None:
    assert build("${x} ${-f:x} ${-f=:x}", x="") == ["", "-f", "", "-f="]


def test_the_command_is_split_and_nothing_is_substituted_in_it() -> None:
    argv = build_arguments("python '/my apps/${x}.py'", "${x}", {"x": "1"}, "/out")
    assert argv == ["python", "/my apps/${x}.py", "1"]


@given(st.dictionaries(NAMES, st.text(), min_size=1, max_size=5))
def test_each_value_is_exactly_one_whole_argument(values: dict[str, str]) -> None:
    values.pop("job_output_dir", None)
    template = " ".join(f"${{{name}}} ${{-f:{name}}} ${{-f=:{name}}} p${{{name}}}s" for name in values)
    expected = [each for value in values.values() for each in (value, "-f", value, "-f=" + value, f"p{value}s")]
    assert build_arguments("run", template, values, "/out") == ["run", *expected]


@given(PLAIN)
def test_without_placeholders_the_template_splits_as_in_a_posix_shell(template: str) -> None:
    try:
        expected = shlex.split(template)
    except ValueError:
        with pytest.raises(TemplateError):
            split_template(template)
    else:
        assert build(template) == expected


@given(st.text("ab ${}:='\"\\\n", max_size=30))
def test_any_template_is_built_or_refused(template: str) -> None:
    refused = bool([each for each in template_problems(template, {"a", "b"}, "") if "stands for" not in each.detail])
    try:
        build_arguments("run", template, {"a": "1"}, "/out")
    except TemplateError:
        assert refused


def test_the_process_receives_the_values_unchanged() -> None:
    nasty = "$(touch x) 'q' \"d\" \\ \n ${a}"
    argv = build_arguments(
        f"{sys.executable} -c 'import sys; print(ascii(sys.argv[1:]))'", "${a}", {"a": nasty}, "/out"
    )
    assert subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip() == ascii([nasty])


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("'open", "quotation that begins with ' at character 1"),
        ('a "open ${x}', 'quotation that begins with " at character 3'),
        ("ab ${x", "placeholder that begins with ${ at character 4"),
        ("end\\", "backslash ends the text"),
        ("${y}", "${y} stands for no input; use one of x, job_output_dir, or write \\${y} for the text"),
        ("${}", "${} stands for no input"),
        ("a${-f:x}", "${-f:x} has a flag, so it must be an argument of its own"),
    ],
)
def test_a_wrong_template_is_told_where_and_what_would_be_right(template: str, says: str) -> None:
    (problem,) = template_problems(template, ["x"], "/command_arguments")
    assert problem.pointer == "/command_arguments"
    assert says in problem.detail


def test_a_right_template_has_no_problems() -> None:
    assert template_problems("${x} ${-f:x} a${x}b ${job_output_dir}", ["x"], "") == []
    assert names_used("${x} ${-f:y}") == {"x", "y"}


def test_placeholders_keep_how_they_are_written() -> None:
    assert split_template("${-f :x}")[0].parts == (Placeholder("x", "-f", "${-f :x}"),)

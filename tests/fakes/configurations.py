"""Configurations of every shape, for hypothesis."""

from typing import Any

from hypothesis import strategies as st

from fakes import documents

NAME = st.from_regex(r"[A-Za-z0-9._-]{1,12}", fullmatch=True)
INPUT_NAME = st.from_regex(r"[A-Za-z][A-Za-z0-9 _-]{0,8}", fullmatch=True).filter(lambda name: name != "job_output_dir")
TEXT = st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
MEDIA_TYPE = st.sampled_from(["text/plain", "image/png", "application/x-unheard-of"])
AMOUNT = st.floats(0, 1e9, allow_subnormal=False) | st.integers(0, 1000)
SMALL = st.integers(0, 2**31 - 1)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | st.text("añ\n\"'", max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("zaé", max_size=3), inner, max_size=3),
    max_leaves=6,
)
SETTINGS = {
    "title": TEXT,
    "description": TEXT,
    "category": TEXT,
    "author_name": TEXT,
    "author_url": TEXT,
    "is_long_running": st.booleans(),
    "is_operational": st.booleans(),
    "is_paused": st.booleans(),
    "icon_code": TEXT,
    "docker_privileged": st.booleans(),
    "docker_image": TEXT,
    "priority": SMALL,
    "timeout": SMALL | st.none(),
    "max_scheduled": st.none() | st.integers(1, 99),
    "max_tries": SMALL,
    "cpus_required": AMOUNT,
    "mem_required": AMOUNT,
    "disk_out_const_required": AMOUNT,
    "disk_out_mult_required": AMOUNT,
}
VERSIONED = {"version": st.just("1.0")}
Json = dict[str, Any]


@st.composite
def interfaces(draw: st.DrawFn) -> Json:
    """An interface that takes one file, and perhaps a few optional properties, and makes files."""
    first, *names = draw(st.lists(INPUT_NAME, min_size=1, max_size=5, unique=True))
    split = draw(st.integers(0, len(names)))
    source = st.fixed_dictionaries(
        {"name": st.just(first), "type": st.sampled_from(["file", "files"])},
        optional={"required": st.booleans(), "media_types": st.lists(MEDIA_TYPE, max_size=2)},
    )
    output = {"type": st.sampled_from(["file", "files"])}
    return draw(
        st.fixed_dictionaries(
            {
                "command": st.just("do it"),
                "command_arguments": st.sampled_from([f"${{{first}}} ${{job_output_dir}}", "", "-x 'a b'"]),
                "input_data": st.tuples(
                    source,
                    *(st.just({"name": name, "type": "property", "required": False}) for name in names[:split]),
                ).map(list),
                "output_data": st.tuples(
                    *(
                        st.fixed_dictionaries(
                            {"name": st.just(name), **output},
                            optional={"required": st.booleans(), "media_type": MEDIA_TYPE},
                        )
                        for name in names[split:]
                    )
                ).map(list),
            },
            optional={
                **VERSIONED,
                "shared_resources": st.lists(st.dictionaries(st.text("ba"), JSON, max_size=2), max_size=2),
            },
        )
    )


def rules(workspace: str, input_name: str) -> st.SearchStrategy[Json | None]:
    """No rule, or one that starts something with a file."""
    made = documents.ingest_rule(workspace, input_name)
    condition = st.fixed_dictionaries({}, optional={"media_type": MEDIA_TYPE, "data_types": st.just(["b", "a"])})
    configuration = st.fixed_dictionaries(
        {"data": st.just(made["configuration"]["data"])}, optional={**VERSIONED, "condition": condition}
    )
    return st.none() | st.fixed_dictionaries(
        {"type": st.sampled_from(["INGEST", "PARSE"]), "configuration": configuration},
        optional={"name": TEXT, "title": TEXT, "description": TEXT, "is_active": st.booleans()},
    )


@st.composite
def job_types(draw: st.DrawFn, name: str, errors: list[str], workspace: str) -> Json:
    """A job type; its exit codes mean some of these errors."""
    interface = draw(interfaces())
    codes = st.dictionaries(st.integers(1, 255).map(str), st.sampled_from([*errors, "unknown"]), max_size=3)
    mapping = st.fixed_dictionaries({}, optional={**VERSIONED, "exit_codes": codes})
    rule = rules(workspace, interface["input_data"][0]["name"])
    return draw(
        st.fixed_dictionaries(
            {"name": st.just(name), "version": NAME, "interface": st.just(interface)},
            optional={**SETTINGS, "error_mapping": mapping, "trigger_rule": rule},
        )
    )


@st.composite
def recipe_types(draw: st.DrawFn, name: str, used: list[Json], workspace: str) -> Json:
    """A recipe type that gives one file to jobs of any of these types."""
    jobs = [
        {
            "name": f"job {number}",
            "job_type": {"name": one["name"], "version": one["version"]},
            "recipe_inputs": [{"recipe_input": "in", "job_input": one["interface"]["input_data"][0]["name"]}],
            "dependencies": [{"name": f"job {number - 1}"}] if number and draw(st.booleans()) else [],
        }
        for number, one in enumerate(draw(st.lists(st.sampled_from(used), max_size=3)) if used else [])
    ]
    given = {"name": "in", "type": "file", "media_types": draw(st.lists(MEDIA_TYPE, max_size=2))}
    definition: Json = {"input_data": [given], "jobs": jobs}
    return draw(
        st.fixed_dictionaries(
            {"name": st.just(name), "version": NAME, "definition": st.just(definition)},
            optional={"title": TEXT, "description": TEXT, "trigger_rule": rules(workspace, "in")},
        )
    )


@st.composite
def configurations(draw: st.DrawFn, workspace: str) -> Json:
    """A configuration that can be imported where there is this workspace."""
    names = draw(st.lists(NAME, max_size=3, unique=True))
    category = st.sampled_from(["SYSTEM", "ALGORITHM", "DATA"])
    errors = [
        draw(
            st.fixed_dictionaries(
                {"name": st.just(f"my-{name}"), "category": category}, optional={"title": TEXT, "description": TEXT}
            )
        )
        for name in names
    ]
    known = [f"my-{name}" for name in names]
    types = [draw(job_types(name, known, workspace)) for name in draw(st.lists(NAME, max_size=3, unique=True))]
    recipes = [draw(recipe_types(name, types, workspace)) for name in draw(st.lists(NAME, max_size=2, unique=True))]
    return {"errors": errors, "job_types": types, "recipe_types": recipes}

"""The table of settings is compared with the code that reads them."""

import ast
import re

import pytest

from tests.pages import DOCS, ROOT, read, rows

REQUIRED = "**required**"


def word(node: ast.expr) -> str | None:
    """What a default looks like in the table; None if it is worked out."""
    if not isinstance(node, ast.Constant):
        return None
    text = str(node.value)
    if isinstance(node.value, bool):
        text = text.lower()
    return f"`{text}`" if text else "empty"


def allowed(reader: str, call: ast.Call, options: dict[str, ast.expr]) -> str | None:
    """What the table says is allowed; None where the reader does not tell."""
    if reader == "number":
        return f"{ast.literal_eval(options['low'])} to {ast.literal_eval(options['high'])}"
    if reader == "choice":
        return ", ".join(f"`{ast.literal_eval(option)}`" for option in call.args[1:])
    return {"flag": "true, false", "rate": "0 to 1", "entries": "list, by commas"}.get(reader)


def settings_in_the_code() -> dict[str, tuple[str | None, str | None]]:
    """Name -> (default, allowed), each as in the table; None: any words."""
    found: dict[str, tuple[str | None, str | None]] = {}
    for node in ast.walk(ast.parse(read(ROOT / "shop" / "settings.py"))):
        if not (isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)):
            continue
        reader = ast.unparse(node.func)
        if reader not in {"text", "choice", "number", "flag", "rate", "entries"}:
            continue
        options = {option.arg or "": option.value for option in node.keywords}
        default = word(options["default"]) if "default" in options else REQUIRED
        name = str(node.args[0].value)
        if name in found and default == REQUIRED:
            continue  # read a second time, once it is known to be there
        found[name] = (default, allowed(reader, node, options))
    return found


def settings_on_the_page() -> dict[str, tuple[str, str]]:
    table = read(DOCS / "settings.md").partition("<!-- settings -->")[2].partition("\n\n")[0]
    return {name.strip("`"): (default, words) for name, default, words, _meaning in rows(table)}


def test_the_table_of_settings_has_every_setting_and_no_other():
    assert set(settings_on_the_page()) == set(settings_in_the_code())


def test_the_example_file_names_every_setting():
    named = re.findall(r"^#?([A-Z][A-Z0-9_]+)=", read(ROOT / ".env.example"), flags=re.MULTILINE)

    assert set(settings_in_the_code()) <= set(named)


@pytest.mark.parametrize("name", sorted(settings_in_the_code()))
def test_a_setting_is_described_as_it_is(name):
    default, words = settings_in_the_code()[name]
    written_default, written_words = settings_on_the_page()[name]

    assert written_default == (default or written_default)
    assert written_words == (words or written_words)
    assert (written_default == REQUIRED) == (default == REQUIRED)

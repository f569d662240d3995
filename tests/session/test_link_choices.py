"""What a person chooses on the screen: keys, services, models; and what is looked for here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from spark_tui.errors import KeyMissing
from spark_tui.model.provider import Endpoint
from spark_tui.session.link import Link
from spark_tui.settings.config import load, user_file
from spark_tui.settings.credentials import key_file
from tests.support.services import asked, link, listing, row, server, words
from tests.support.wire_server import play


# -- choosing on the screen -----------------------------------------------------------------------
def test_a_typed_key_goes_to_its_service_and_no_other_key_does(environ: dict[str, str]) -> None:
    """What a variable is for was said at the start; a choice on the screen does not move it."""

    async def main() -> None:
        environ["SPARK_TUI_API_KEY"] = "ours"
        environ["FILE_KEY"] = "file"
        here = link(environ, "https://gw.example/v1", 'env_key = "FILE_KEY"\n', fast="a")
        assert here.endpoint.key == "ours"
        await here.use(Endpoint("https://other.example/v1"), model="m", keep=False)
        assert (here.endpoint.base_url, here.endpoint.key) == ("https://other.example/v1", "")
        with pytest.raises(KeyMissing):
            here.provider()
        await here.use(Endpoint("https://other.example/v1", "typed"), model=None, keep=False)
        assert here.endpoint.key == "typed" and here.target("smart").endpoint.key == "typed"
        await here.use(Endpoint("https://gw.example/v1"), model="a", keep=False)
        assert here.endpoint.key == "ours"

    play(main())


def test_a_key_for_a_preset_is_kept_without_moving_the_rest(environ: dict[str, str]) -> None:
    async def main() -> None:
        here = link(environ, fast="oss-120b", smart="gpt-5.3-codex")
        with pytest.raises(KeyMissing) as caught:
            here.provider()
        assert "CEREBRAS_API_KEY" in caught.value.hint
        typed = Endpoint(here.endpoint.base_url, "csk-typed")
        where = await here.use(typed, model=None, keep=True)
        assert where == str(key_file(environ)) and "csk-typed" in key_file(environ).read_text()
        assert here.endpoint.key == "csk-typed"
        assert here.target("smart").endpoint.base_url == "https://api.openai.com/v1"
        assert here.target("smart").endpoint.key == ""
        assert "base_url" not in user_file(environ).read_text()
        await here.use(typed, model="llama-9", keep=True)
        assert here.model == "llama-9" and here.model_of("smart") == "gpt-5.3-codex"
        again = Link(load(environ=environ), environ)
        assert (again.model, again.endpoint) == ("llama-9", here.endpoint)

    play(main())


def test_another_service_closes_the_old_connection(environ: dict[str, str]) -> None:
    async def main() -> None:
        here = link(environ, "http://127.0.0.1:1/v1", fast="a", smart="a")
        old = here.provider()
        await here.use(Endpoint("http://127.0.0.1:2/v1"), model="b", keep=False)
        assert here.provider() is not old
        assert list(here.target(role).model for role in ("fast", "smart")) == ["b", "b"]
        await here.close()

    play(main())


def test_discovery_asks_own_rows_too_and_sends_no_key(environ: dict[str, str]) -> None:
    async def main() -> None:
        async with server(listing("m")) as one, server(listing("n")) as keyed:
            rows = row("box", one.base_url) + row("lock", keyed.base_url, env_key="LOCK_KEY")
            environ["LOCK_KEY"] = environ["SPARK_TUI_API_KEY"] = "secret"
            here = link(environ, "", rows)
            names = [one.name for one in here.table.servers]
            assert "box" in names and "Ollama" in names and "lock" not in names
            found = [local for local in await here.find_local() if local.name == "box"]
            assert [m.id for m in found[0].models] == ["m"]
            assert "authorization" not in one.asked[0].headers
            assert not keyed.asked, "it wants a key, and none is sent to look around"

    play(main())


def test_a_list_is_asked_again_only_by_the_person(environ: dict[str, str]) -> None:
    async def main() -> None:
        async with server(listing("a"), listing("a", "b")) as one:
            here = link(environ, one.base_url, fast="b", smart="b")
            assert words(await here.offer()) == ["a"]
            assert [m.id for m in await here.models()] == ["a", "b"]
            assert await here.offer() is None
            assert asked(one) == [2]
            await here.close()

    play(main())


def test_keys_are_not_in_what_is_kept(environ: dict[str, str], tmp_path: Path) -> None:
    environ["OPENAI_API_KEY"] = "sk-hidden"
    here = link(environ, fast="spark")
    texts: Sequence[object] = (here.target(), here.endpoint, here.sampling(here.target()))
    assert all("sk-hidden" not in repr(text) for text in texts)

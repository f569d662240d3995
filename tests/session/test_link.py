"""Is the model there? Asked once, said in plain words, and answered with an offer."""

from __future__ import annotations

import pytest

from spark_tui.errors import ConnectFault, ModelFault, ModelMissing
from spark_tui.model.scripted import Scripted
from spark_tui.session.link import Link
from spark_tui.settings.config import load
from tests.support.services import asked, link, listing, row, server, words
from tests.support.wire_server import Drop, Reply, play


# -- a look at the list, once -------------------------------------------------------------------
def test_a_listed_model_is_no_offer_and_asked_about_once(environ: dict[str, str]) -> None:
    async def main() -> None:
        async with server(listing("a", "b")) as one:
            here = link(environ, one.base_url, fast="a", smart="b")
            for role in ("fast", "smart", "", "smart"):
                assert await here.offer(role) is None
            assert asked(one) == [1], "one list tells of all models of an endpoint"
            await here.close()

    play(main())


def test_what_is_not_listed_is_said_and_the_fastest_offered(environ: dict[str, str]) -> None:
    async def main() -> None:
        async with server(listing("odd", "gpt-5.3-codex-spark", "whisper-1")) as one:
            here = link(environ, one.base_url, fast="gone")
            offer = await here.offer()
            assert offer is not None and offer.wanted == "gone" and offer.role == "fast"
            assert offer.why == f"gone is not listed by 127.0.0.1:{one.port}."
            assert words(offer) == ["gpt-5.3-codex-spark"]
            assert offer.suggestion is not None and offer.suggestion.id == "gpt-5.3-codex-spark"
            assert len(offer.listed) == 3
            assert here.model == "gone", "never taken silently"
            assert await here.offer() is None, "who comes again means it"
            assert asked(one) == [1]
            await here.close()

    play(main())


@pytest.mark.parametrize(
    "reply", [Reply(status=404), Reply(status=500), Reply([Drop()]), listing()]
)
def test_a_service_that_cannot_list_is_taken_at_its_word(
    reply: Reply, environ: dict[str, str]
) -> None:
    async def main() -> None:
        async with server(reply, listing("other")) as one:
            here = link(environ, one.base_url, fast="a")
            assert await here.offer() is None and await here.offer() is None
            assert asked(one) == [1]
            await here.close()

    play(main())


def test_a_refused_key_is_not_tried_again(environ: dict[str, str]) -> None:
    async def main() -> None:
        async with server(Reply(status=401), listing("other")) as one:
            here = link(environ, one.base_url, fast="a", smart="b")
            assert await here.offer("fast") is None and await here.offer("smart") is None
            assert asked(one) == [1], "the request itself will tell"
            await here.close()

    play(main())


def test_a_tag_behind_the_name_is_the_same_model(environ: dict[str, str]) -> None:
    async def main() -> None:
        async with server(listing("qwen3:latest", "qwen3-coder:30b")) as one:
            here = link(environ, one.base_url, fast="qwen3", smart="qwen3-coder")
            assert await here.offer("fast") is None
            assert words(await here.offer("smart"))
            await here.close()

    play(main())


# -- the end of a model -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("day", "is_gone", "said"),
    [
        ("2026-11-20", True, ""),
        ("2026-11-21", True, ""),
        ("2026-11-22", False, "old is to be shut down tomorrow, on 2026-11-22."),
        ("2026-12-11", False, "old is to be shut down in 20 days, on 2026-12-11."),
        ("2026-12-22", False, ""),
        ("soon", False, ""),
        (None, False, ""),
    ],
)
def test_a_model_is_retired_or_will_be(
    day: str | None, is_gone: bool, said: str, environ: dict[str, str]
) -> None:
    async def main() -> None:
        rows = listing({"id": "old", "shutdown_date": day}, "new")
        async with server(rows) as one:
            here = link(environ, one.base_url, fast="old")
            offer = await here.offer()
            if is_gone:
                assert offer is not None and "was shut down on " + str(day) in offer.why
                assert words(offer) == ["new"], "what is gone is not offered either"
            else:
                assert offer is None
            assert (here.ends_soon(), here.ends_soon()) == (said, ""), "said once"
            await here.close()

    play(main())


# -- the chain ----------------------------------------------------------------------------------
def test_the_rest_of_a_chain_is_offered_in_its_order(environ: dict[str, str]) -> None:
    """Listed here, or at another service with a key; the others are left out."""

    async def main() -> None:
        async with server(listing("c", "odd", "gpt-oss-120b")) as one, server() as other:
            rows = row("there", other.base_url, model="t", env_key="THERE_KEY")
            rows += row("nokey", "https://nokey.example/v1", model="n", env_key="NO_KEY")
            rows += row("keyed", "https://keyed.example/v1", model="k", env_key="A_KEY",
                        price_class="mid", speed=300)  # fmt: skip
            environ["A_KEY"] = "secret-a"
            chain = "a, nokey, keyed, b, c, there"
            here = link(environ, one.base_url, rows, fast=chain)
            offer = await here.offer()
            assert words(offer)[:3] == ["keyed", "c", "there"]
            assert words(offer)[3] == "gpt-oss-120b", "behind it the fastest listed one"
            assert offer is not None and offer.next is not None
            assert offer.next.host == "keyed.example"
            assert offer.next.facts == "300 tok/s · mid price"
            assert offer.suggestion is not None and offer.suggestion.id == "c", "the first here"
            assert "secret-a" not in repr(offer)
            assert asked(one, other) == [1, 0], "another service is asked when it is taken"
            await here.close()

    play(main())


def test_taking_goes_on_in_the_chain(environ: dict[str, str]) -> None:
    async def main() -> None:
        async with server(listing("x")) as one, server(listing("y")) as other:
            rows = row("there", other.base_url, model="t")
            here = link(environ, one.base_url, rows, fast="a, there, x", smart="a, there, x")
            assert words(await here.offer())[0] == "there"
            here.take("there")
            assert (here.model, here.endpoint.base_url) == ("t", other.base_url)
            assert here.settings.models.smart == "there, x", (
                "one that served both is taken for both"
            )
            assert words(await here.offer())[:2] == ["x", "y@there"]
            here.take("x", "smart")
            assert here.model_of("fast") == "x" and here.endpoint.base_url == one.base_url
            assert await here.offer() is None
            assert asked(one, other) == [1, 1]
            await here.close()

    play(main())


def test_the_role_says_what_is_offered(environ: dict[str, str]) -> None:
    ids = ["gpt-6-astra", "gpt-5.6-luna", "gpt-oss-120b", "gpt-5.3-codex-spark"]

    async def main() -> None:
        async with server(listing(*ids)) as one:
            here = link(environ, one.base_url, fast="gone", smart="lost")
            assert words(await here.offer("fast"))[0] == "gpt-5.3-codex-spark"
            assert words(await here.offer("smart"))[0] == "gpt-6-astra"
            await here.close()

    play(main())


def test_a_key_for_another_service_of_the_table_is_a_way_out(environ: dict[str, str]) -> None:
    async def main() -> None:
        async with server(listing("whisper-1")) as one:
            environ["CEREBRAS_API_KEY"] = "csk"
            offer = await link(environ, one.base_url, fast="gone").offer()
            assert words(offer)[0] == "oss-120b" and "spark" not in words(offer)
            assert offer is not None and offer.suggestion is None
            del environ["CEREBRAS_API_KEY"]
        async with server(listing("whisper-1")) as one:
            assert words(await link(environ, one.base_url, fast="gone").offer()) == []

    play(main())


def test_a_word_that_is_also_a_preset_is_marked_as_an_id(environ: dict[str, str]) -> None:
    async def main() -> None:
        async with server(listing("qwen")) as one:
            here = link(environ, one.base_url, fast="gone")
            assert words(await here.offer()) == ["qwen@"]
            here.take("qwen@")
            assert (here.model, here.endpoint.base_url) == ("qwen", one.base_url)
            await here.close()

    play(main())


# -- refused at the request -----------------------------------------------------------------------
def test_a_model_that_is_refused_is_offered_about_afterwards(environ: dict[str, str]) -> None:
    async def main() -> None:
        async with server(listing("a", "b")) as one:
            here = link(environ, one.base_url, fast="a, b")
            assert await here.offer() is None
            here.refused("fast", ModelFault("Something else."))
            assert await here.offer() is None
            here.refused("fast", ModelMissing("The service does not have a."))
            offer = await here.offer()
            assert offer is not None and offer.why == "The service does not have a."
            assert words(offer) == ["b"], "not the one that was refused, listed or not"
            assert await here.offer() is None
            assert asked(one) == [1]
            await here.close()

    play(main())


def test_what_was_refused_elsewhere_is_not_offered_again(environ: dict[str, str]) -> None:
    async def main() -> None:
        async with server(listing("x")) as one, server(listing("x")) as other:
            rows = row("here", one.base_url, model="a") + row("there", other.base_url, model="t")
            here = link(environ, "", rows, fast="here, there", smart="there, here")
            here.refused("smart", ModelMissing("No t."))
            assert words(await here.offer("fast")) == ["x@here"]
            here.refused("fast", ModelMissing("No a."))
            assert words(await here.offer("smart")) == ["x@there"]
            await here.close()

    play(main())


def test_without_a_list_the_chain_of_the_person_is_taken_at_its_word(
    environ: dict[str, str],
) -> None:
    async def main() -> None:
        async with server(Reply(status=404)) as one:
            here = link(environ, one.base_url, fast="a, b")
            here.refused("fast", ModelMissing("No a."))
            assert words(await here.offer()) == ["b"]
            await here.close()

    play(main())


def test_a_given_provider_is_not_asked_for_its_list(environ: dict[str, str]) -> None:
    async def main() -> None:
        here = Link(load(environ=environ, flags={"model": "a, b"}), environ, Scripted([]))
        assert await here.offer() is None
        here.refused("fast", ModelMissing("No a."))
        assert words(await here.offer()) == ["b"]

    play(main())


# -- a server, and what it lists ------------------------------------------------------------------
def test_the_only_model_of_a_server_is_meant(environ: dict[str, str]) -> None:
    async def main() -> None:
        rows = listing({"id": "tiny.gguf", "meta": {"n_ctx": 8192}}, "embedding-x")
        async with server(rows) as one:
            here = link(environ, "", row("box", one.base_url), fast="box")
            assert (here.model, here.target().model) == ("box", "")
            with pytest.raises(ModelMissing, match="which of its models"):
                here.provider_for(here.target())
            assert await here.offer() is None
            target = here.target()
            assert (target.model, target.window, here.window) == ("tiny.gguf", 8192, 8192)
            assert here.provider_for(target) is here.provider()
            assert await here.offer() is None and asked(one) == [1]
            await here.close()

    play(main())


def test_of_several_one_is_chosen_by_the_person(environ: dict[str, str]) -> None:
    async def main() -> None:
        async with server(listing("one", "two")) as one:
            here = link(environ, "", row("box", one.base_url), fast="box, spark")
            offer = await here.offer()
            assert offer is not None and offer.why == "box has 2 models: choose one."
            assert words(offer)[0] == "one@box"
            here.take("two@box")
            assert here.target().model == "two" and await here.offer() is None
            assert asked(one) == [1]
            await here.close()

    play(main())


def test_a_server_that_is_not_there_is_said_and_asked_again(environ: dict[str, str]) -> None:
    async def main() -> None:
        async with server(Reply([Drop()]), Reply([Drop()]), listing("late")) as one:
            here = link(environ, "", row("box", one.base_url), fast="box")
            with pytest.raises(ConnectFault):
                await here.offer()
            here.take("box, second@box")
            offer = await here.offer()
            assert words(offer) == ["second@box"] and offer is not None and offer.why
            assert await here.offer() is None, "somebody has started it"
            assert here.target().model == "late"
            await here.close()

    play(main())


def test_what_a_service_tells_of_a_window_beats_the_table(environ: dict[str, str]) -> None:
    async def main() -> None:
        told = {"id": "gpt-5.3-codex-spark", "max_model_len": 4096}
        async with server(listing(told), listing(told)) as one:
            here = link(environ, one.base_url)
            assert here.window == 128_000
            await here.offer()
            assert here.window == 4096
            await here.close()
            own = "[presets.spark]\nwindow = 999\n"
            here = link(environ, one.base_url, own)
            await here.offer()
            assert here.window == 999, "and a person beats both"
            await here.close()

    play(main())

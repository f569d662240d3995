"""What was used lately stays, and who calls the cache does not notice anything else."""

import inspect

import case


class Check(case.Case):
    may_change = ("cachekit/cache.py",)

    def setUp(self) -> None:
        self.cache = self.fresh("cachekit.cache").Cache(3)
        for key in "abc":
            self.assertIsNone(self.cache.put(key, key.upper()))

    def test_what_was_read_stays(self) -> None:
        self.assertEqual(self.cache.get("a"), "A")
        self.assertEqual(self.cache.keys(), ["b", "c", "a"])
        self.assertEqual(self.cache.put("d", "D"), "b")
        self.assertEqual(self.cache.keys(), ["c", "a", "d"])

    def test_what_was_put_again_stays(self) -> None:
        self.assertIsNone(self.cache.put("a", "AA"))
        self.assertEqual(self.cache.put("d", "D"), "b")
        self.assertEqual(self.cache.get("a"), "AA")

    def test_looking_is_no_use(self) -> None:
        self.assertIn("a", self.cache)
        self.assertEqual(self.cache.keys(), ["a", "b", "c"])
        self.assertEqual(self.cache.put("d", "D"), "a")

    def test_a_miss_is_no_use_and_adds_nothing(self) -> None:
        self.assertIsNone(self.cache.get("x"))
        self.assertEqual(self.cache.get("x", "?"), "?")
        self.assertEqual((len(self.cache), self.cache.keys()), (3, ["a", "b", "c"]))

    def test_nothing_is_a_thing_too(self) -> None:
        self.cache.put("a", None)
        self.assertIsNone(self.cache.get("a", "?"))
        self.cache.get("b")
        self.assertEqual(self.cache.keys(), ["c", "a", "b"])

    def test_the_interface_is_as_it_was(self) -> None:
        kind = type(self.cache)
        given = inspect.signature(kind.get).parameters
        self.assertEqual(list(given), ["self", "key", "default"])
        self.assertIsNone(given["default"].default)
        public = {name for name in vars(kind) if not name.startswith("_")}
        self.assertEqual(public, {"get", "put", "keys"})
        self.assertEqual((kind().size, kind(size=2).size), (100, 2))
        with self.assertRaises(ValueError):
            kind(0)
        self.assertEqual(self.cache.put(key="z", value=1), "a")

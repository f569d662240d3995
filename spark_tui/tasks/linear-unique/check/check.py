"""The same list with a number of comparisons that grows with the ids, not with their square."""

import case

MANY = 1_000


class Counted:
    """An id that counts how often it is compared."""

    compared = 0

    def __init__(self, number: int) -> None:
        self.number = number

    def __hash__(self) -> int:
        return hash(self.number)

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return isinstance(other, Counted) and self.number == other.number


class Check(case.Case):
    may_change = ("ids/unique.py",)

    def setUp(self) -> None:
        self.unique = self.fresh("ids.unique")

    def test_comparisons_grow_with_the_ids(self) -> None:
        Counted.compared = 0
        ids = [Counted(number % MANY) for number in range(2 * MANY)]
        self.assertEqual([one.number for one in self.unique.unique(ids)], list(range(MANY)))
        self.assertLessEqual(Counted.compared, 8 * MANY)

    def test_order_and_first_ones_stay(self) -> None:
        self.assertEqual(self.unique.unique(["b", "a", "b", "c", "a"]), ["b", "a", "c"])
        found = self.unique.unique([1, 1.0, True, 2])
        self.assertEqual((found, type(found[0])), ([1, 2], int))

    def test_any_iterable_is_fine(self) -> None:
        self.assertEqual(self.unique.unique(n // 2 for n in range(6)), [0, 1, 2])
        self.assertEqual(self.unique.unique(()), [])

    def test_the_rest_works_as_before(self) -> None:
        self.assertEqual(self.unique.repeated([3, 1, 3, 2, 1, 3]), [3, 1])

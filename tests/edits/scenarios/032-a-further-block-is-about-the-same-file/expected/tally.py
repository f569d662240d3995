"""Counting what a shop sold."""


def total(prices: list[int]) -> int:
    return sum(prices)


def mean(prices: list[int]) -> float:
    return total(prices) / len(prices)

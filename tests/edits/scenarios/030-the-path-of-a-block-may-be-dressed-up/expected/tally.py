"""Counting what a shop sold."""


def total(prices: list[int]) -> int:
    return sum(prices)


def mean(prices):
    return total(prices) / len(prices)

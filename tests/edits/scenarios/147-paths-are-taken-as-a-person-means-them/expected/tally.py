"""Counting what a shop sold."""


def total(prices):
    return sum(prices, 0)


def mean(prices):
    return total(prices) / len(prices)

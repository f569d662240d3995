"""Counting what a shop sold."""


def total(prices):
    amount = sum(prices)
    return amount


def mean(prices):
    return total(prices) / len(prices)

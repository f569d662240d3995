def total(prices):
    """The sum.

    Prices are in cents.
    """
    return sum(prices)

class Cart:
    def __init__(self, rate=1):
        self.rate = rate
        self.items = []

    def add(self, item, price):
        self.items.append((item, price))

    def total(self):
        amount = sum(price for _, price in self.items)
        return amount


class Basket(Cart):
    """With a rate."""

    def total(self):
        amount = sum(price for _, price in self.items)
        return amount

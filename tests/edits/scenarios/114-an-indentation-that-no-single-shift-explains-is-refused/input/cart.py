class Cart:
    def __init__(self, rate):
        self.rate = rate
        self.items = []

    def add(self, item, price):
        self.items.append((item, price))

    def total(self):
        amount = sum(price for _, price in self.items)
        return amount


class Basket(Cart):
    def total(self):
        amount = sum(price for _, price in self.items)
        return amount

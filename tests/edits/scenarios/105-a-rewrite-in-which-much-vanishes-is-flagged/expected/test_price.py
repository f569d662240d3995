def test_price_0():
    assert price(0) == 0


def test_price_7():
    assert price(7) == 14

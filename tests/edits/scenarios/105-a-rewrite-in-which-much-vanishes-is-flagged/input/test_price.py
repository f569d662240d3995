def test_price_0():
    assert price(0) == 0


def test_price_1():
    assert price(1) == 2


def test_price_2():
    assert price(2) == 4


def test_price_3():
    assert price(3) == 6


def test_price_4():
    assert price(4) == 8


def test_price_5():
    assert price(5) == 10


def test_price_6():
    assert price(6) == 12


def test_price_7():
    assert price(7) == 14

"""A class, and a script that uses it."""

import ast

SOURCE = """
class Base:
    def inherited(self):
        return 1

class Cart(Base):
    def __init__(self, owner, limit=10):
        self.owner, self.items = owner, {}
    def add(self, item, price):
        self.items[item] = price
    def remove(self, item):
        del self.items[item]
    def total(self):
        return sum(self.items.values())
    def _hidden(self):
        pass

cart = Cart('Ann')
cart.add('tea', 3)
print(cart.total())
print(cart.items)
for name in cart.items:
    cart.remove(name)
"""
TREE = ast.parse(SOURCE)
CART = TREE.body[1]

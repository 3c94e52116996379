"""Python programs written for the tests of the differential run: (instruction, input, program)."""

PROGRAMS = [
    ("Is a number prime?", "", """
def is_prime(n):
    if n < 2:
        return False
    for i in range(2, int(n ** 0.5) + 1):
        if n % i == 0:
            return False
    return True
"""),
    ("Reverse the words of a sentence", "the cat sat", """
def reverse_words(sentence):
    words = sentence.split()
    return " ".join(words[::-1])

print(reverse_words("the cat sat"))
"""),
    ("Find the largest difference in a list", "[3, 9, 4]", """
def largest_difference(numbers):
    low = numbers[0]
    high = numbers[0]
    for value in numbers:
        if value < low:
            low = value
        if value > high:
            high = value
    return high - low
"""),
    ("Count the vowels", "", """
def count_vowels(text):
    count = 0
    for letter in text:
        if letter.lower() in "aeiou":
            count += 1
    return count
"""),
    ("Sum the squares of the even numbers", "values = [1, 2, 3, 4]", """
squares = [v * v for v in values if v % 2 == 0]
total = sum(squares)
print(total)
"""),
    ("Merge two sorted lists", "", """
def merge(a, b):
    result = []
    i = 0
    j = 0
    while i < len(a) and j < len(b):
        if a[i] <= b[j]:
            result.append(a[i])
            i += 1
        else:
            result.append(b[j])
            j += 1
    return result + a[i:] + b[j:]

print(merge([1, 4], [2, 3, 9]))
"""),
    ("Print a multiplication table", "", """
for row in range(1, 4):
    line = []
    for column in range(1, 4):
        line.append(row * column)
    print(line)
"""),
    ("Convert a temperature", "30, 'C'", """
def convert(value, unit):
    if unit == "C":
        return value * 9 / 5 + 32
    if unit == "F":
        return (value - 32) * 5 / 9
    raise ValueError("unit must be C or F")
"""),
    ("Group words by their first letter", "", """
def group_words(words):
    groups = {}
    for word in words:
        groups.setdefault(word[0], []).append(word)
    return groups
"""),
    ("A bank account", "", """
class Account:
    def __init__(self, balance):
        self.balance = balance

    def deposit(self, amount):
        self.balance += amount

    def withdraw(self, amount):
        if amount > self.balance:
            print("not enough")
            return False
        self.balance -= amount
        return True

account = Account(100)
account.deposit(50)
print(account.withdraw(30))
print(account.withdraw(500))
print(account.balance)
"""),
    ("Longest word of a list", "words = ['ab', 'abcd', 'abc']", """
longest = ""
for word in words:
    if len(word) > len(longest):
        longest = word
print("Longest:", longest)
"""),
    ("Sort in place with bubble sort", "", """
def bubble_sort(arr):
    n = len(arr)
    for i in range(n):
        for j in range(0, n - i - 1):
            if arr[j] > arr[j + 1]:
                arr[j], arr[j + 1] = arr[j + 1], arr[j]
"""),
    ("Fibonacci numbers", "10", """
def fibonacci(n):
    sequence = [0, 1]
    while len(sequence) < n:
        sequence.append(sequence[-1] + sequence[-2])
    return sequence[:n]
"""),
    ("Count the lines of notes.txt that hold a word", "", """
def count_lines(path, word):
    total = 0
    with open(path) as file:
        for line in file:
            if word in line:
                total += 1
    return total

print(count_lines("notes.txt", "alpha"))
"""),
    ("Transpose a matrix", "[[1, 2], [3, 4]]", """
def transpose(matrix):
    rows = []
    for column in range(len(matrix[0])):
        rows.append([row[column] for row in matrix])
    return rows
"""),
    ("Greatest common divisor", "12, 18", """
def gcd(a, b):
    while b != 0:
        a, b = b, a % b
    return a
"""),
    ("Is a text a palindrome?", "racecar", """
def is_palindrome(text):
    letters = [c.lower() for c in text if c.isalpha()]
    return letters == letters[::-1]
"""),
    ("Count how often each word occurs", "", """
from collections import Counter

def word_counts(text):
    words = text.lower().split()
    return dict(Counter(words))

print(sorted(word_counts("a b a").items()))
"""),
    ("Average of the numbers", "[2, 4, 9]", """
def average(numbers):
    if len(numbers) == 0:
        return 0
    return sum(numbers) / len(numbers)
"""),
    ("Binary search", "", """
def binary_search(items, target):
    low = 0
    high = len(items) - 1
    while low <= high:
        middle = (low + high) // 2
        if items[middle] == target:
            return middle
        if items[middle] < target:
            low = middle + 1
        else:
            high = middle - 1
    return -1

print(binary_search([1, 3, 5, 7, 9], 7))
print(binary_search([1, 3, 5, 7, 9], 4))
print(binary_search([1, 3, 5, 7, 9], 1))
"""),
    ("Leap years between two years", "2000, 2012", """
def leap_years(start, end):
    found = []
    for year in range(start, end + 1):
        if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0):
            found.append(year)
    return found

print(leap_years(1896, 1908))
print(leap_years(1996, 2008))
"""),
    ("Caesar cipher", "", """
def caesar(text, shift):
    result = ""
    for c in text:
        if c.isalpha():
            start = ord("A") if c.isupper() else ord("a")
            result += chr((ord(c) - start + shift) % 26 + start)
        else:
            result += c
    return result

print(caesar("Hello, World", 3))
"""),
    ("FizzBuzz", "", """
for number in range(1, 16):
    if number % 15 == 0:
        print("FizzBuzz")
    elif number % 3 == 0:
        print("Fizz")
    elif number % 5 == 0:
        print("Buzz")
    else:
        print(number)
"""),
    ("Prices with tax", "", """
prices = {"apple": 2.0, "bread": 3.5, "cheese": 8.25}
with_tax = {name: round(price * 1.2, 2) for name, price in prices.items()}
names = [name for name in with_tax if with_tax[name] > 3]
for name in sorted(names):
    print(name, with_tax[name])
"""),
    ("Flatten a nested list", "", """
def flatten(items):
    flat = []
    for item in items:
        if isinstance(item, list):
            flat.extend(flatten(item))
        else:
            flat.append(item)
    return flat

print(flatten([1, [2, [3, 4]], [], 5]))
"""),
    ("Factorial by recursion", "5", """
def factorial(n):
    if n < 0:
        raise ValueError("n must not be negative")
    if n == 0:
        return 1
    return n * factorial(n - 1)
"""),
    ("Second largest number", "", """
def second_largest(numbers):
    unique = sorted(set(numbers))
    if len(unique) < 2:
        return None
    return unique[-2]

print(second_largest([4, 1, 4, 3]))
"""),
    ("Remove duplicates and keep the order", "", """
def unique(items):
    seen = set()
    result = []
    for item in items:
        if item not in seen:
            seen.add(item)
            result.append(item)
    return result
"""),
    ("Pascal's triangle", "", """
def pascal(rows):
    triangle = []
    for n in range(rows):
        row = [1]
        for k in range(1, n + 1):
            row.append(row[k - 1] * (n - k + 1) // k)
        triangle.append(row)
    return triangle

for row in pascal(5):
    print(" ".join(str(v) for v in row))
"""),
    ("Grade of a score", "", """
def grade(score):
    if score >= 90:
        return "A"
    if score >= 75:
        return "B"
    if score >= 50:
        return "C"
    return "F"

scores = [95, 90, 80, 75, 60, 50, 49]
grades = [grade(s) for s in scores]
print(grades)
"""),
    ("Run lengths of a text", "aaabbc", """
def run_lengths(text):
    runs = []
    for letter in text:
        if runs and runs[-1][0] == letter:
            runs[-1][1] += 1
        else:
            runs.append([letter, 1])
    return "".join(letter + str(count) for letter, count in runs)
"""),
    ("Is the year a leap year?", "2024", """
def is_leap_year(year):
    if year % 400 == 0:
        return True
    if year % 100 == 0:
        return False
    else:
        return year % 4 == 0
"""),
    ("Days until a date", "", """
from datetime import date

today = date.today()
target = date(today.year + 1, 1, 1)
print((target - today).days)
"""),
    ("Rotate a list to the right", "[1, 2, 3], 1", """
def rotate(values, k):
    if not values:
        return values
    k = k % len(values)
    return values[-k:] + values[:-k]

print(rotate([1, 2, 3, 4, 5], 2))
"""),
    ("A generator of squares", "", """
def squares(limit):
    number = 1
    while number * number <= limit:
        yield number * number
        number += 1

print(list(squares(30)))
"""),
    ("A stack", "", """
class Stack:
    def __init__(self):
        self.items = []

    def push(self, item):
        self.items.append(item)

    def pop(self):
        if not self.items:
            return None
        return self.items.pop()

stack = Stack()
for value in (3, 5, 8):
    stack.push(value)
print(stack.pop(), stack.pop())
print(len(stack.items))
"""),
    ("Total price of an order", "", """
def total_price(prices, discount):
    total = 0.0
    for price in prices:
        total += price
    if discount > 0:
        total -= total * discount / 100
    else:
        total += 0
    return round(total, 2)

print(total_price([10.0, 2.5], 10))
"""),
    ("Anagrams", "", """
def are_anagrams(first, second):
    return sorted(first.lower()) == sorted(second.lower())

print(are_anagrams("Listen", "Silent"))
print(are_anagrams("abc", "abd"))
"""),
    ("Numbers above the average", "values = [4, 8, 15]", """
average = sum(values) / len(values)
above = [value for value in values if value > average]
print(above, round(average, 1))
"""),
    ("Binary digits of a number", "10", """
def to_binary(n):
    if n == 0:
        return "0"
    digits = ""
    while n > 0:
        digits = str(n % 2) + digits
        n = n // 2
    return digits
"""),
]  # fmt: skip

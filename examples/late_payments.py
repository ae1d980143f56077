"""Writes late_payments.csv: made-up customers of a bank, and whether each paid an instalment late.

    python examples/late_payments.py

The odds of paying late rise with the share of income that is spent and with an overdraft, and fall with age.
"""

from __future__ import annotations

import csv
import math
import random
from pathlib import Path

ROWS = 1200
FIELDS = ("customer_id", "income", "spending", "age", "account", "overdrafts", "branch", "late")


def main() -> None:
    chance = random.Random(7)
    with (Path(__file__).parent / "late_payments.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(FIELDS)
        for number in range(ROWS):
            writer.writerow(customer(chance, number))


def customer(chance: random.Random, number: int) -> list[object]:
    income = chance.lognormvariate(7.8, 0.35)
    spending = income * chance.betavariate(6, 3)
    age = chance.randint(18, 80)
    account = chance.choices(["current", "savings", "student"], [6, 3, 1])[0]
    overdrafts = max(0, int(chance.gauss(6 * (spending / income - 0.5), 1.2)))
    odds = -1.9 + 5 * (spending / income - 0.65) + 0.55 * overdrafts - 0.02 * (age - 45) + 0.6 * (account == "student")
    late = chance.random() < 1 / (1 + math.exp(-odds))
    branch = chance.choice(["north", "south", "east", "west"])
    return [f"C{100000 + number}", f"{income:.2f}", f"{spending:.2f}", age, account, overdrafts, branch, int(late)]


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""From a CSV file of transactions to recency, frequency, monetary and average order value of each customer, in Polars,
DuckDB and pandas, on one core.

    csv_features.py FILE        prints the names of the tools as JSON, then

for each line `NAME` of standard input the seconds that one run took; for `NAME OUTPUT` the table goes to that file.

The rules are docs/data.md's: a line counts when it has a customer, a quantity above 0 and a price of 0 or more. Recency
is `recency_24h`. Each tool reads only the columns it needs, in the form its documentation calls the fastest."""
import json
import os
import sys
import time

os.environ["POLARS_MAX_THREADS"] = "1"
import duckdb
import pandas
import polars

FILE = sys.argv[1]


def with_polars():
    dtypes = {"InvoiceNo": polars.String, "StockCode": polars.String, "InvoiceDate": polars.String,
              "Quantity": polars.Int64, "UnitPrice": polars.Float64, "CustomerID": polars.Int64}  # fmt: skip
    quantity, price, customer = polars.col("Quantity"), polars.col("UnitPrice"), polars.col("CustomerID")
    customers = (
        polars.scan_csv(FILE, schema_overrides=dtypes)
        .filter(customer.is_not_null() & (quantity > 0) & (price >= 0))
        .group_by("CustomerID")
        .agg(
            polars.col("InvoiceDate").str.to_datetime("%m/%d/%Y %H:%M", time_unit="ms").max().alias("last"),
            polars.col("InvoiceNo").n_unique().alias("frequency"),
            (quantity * price).sum().alias("monetary"),
        )
    )
    last = polars.col("last")
    return (
        customers.with_columns(
            ((last.max() - last).dt.total_minutes() // 1_440 + 1).alias("recency"),
            (polars.col("monetary") / polars.col("frequency")).alias("average"),
        )
        .select("CustomerID", "recency", "frequency", "monetary", "average")
        .collect()
        .rows
    )


def with_duckdb():
    sql = """
        WITH customers AS (
            SELECT CustomerID, max(strptime(InvoiceDate, '%m/%d/%Y %H:%M')) AS last,
                count(DISTINCT InvoiceNo) AS frequency, sum(Quantity * UnitPrice) AS monetary
            FROM read_csv($file, header = true, columns = {
                'InvoiceNo': 'VARCHAR', 'StockCode': 'VARCHAR', 'Description': 'VARCHAR', 'Quantity': 'BIGINT',
                'InvoiceDate': 'VARCHAR', 'UnitPrice': 'DOUBLE', 'CustomerID': 'BIGINT', 'Country': 'VARCHAR'})
            WHERE CustomerID IS NOT NULL AND Quantity > 0 AND UnitPrice >= 0
            GROUP BY CustomerID
        )
        SELECT CustomerID, date_diff('minute', last, max(last) OVER ()) // 1440 + 1, frequency, monetary,
            monetary / frequency
        FROM customers
    """
    with duckdb.connect(config={"threads": 1}) as connection:
        rows = connection.execute(sql, {"file": FILE}).fetchall()
    return lambda: rows


def with_pandas():
    columns = {"InvoiceNo": "str", "Quantity": "int64", "InvoiceDate": "str", "UnitPrice": "float64",
               "CustomerID": "float64"}  # fmt: skip
    lines = pandas.read_csv(FILE, usecols=list(columns), dtype=columns, engine="c")
    lines = lines[lines["CustomerID"].notna() & (lines["Quantity"] > 0) & (lines["UnitPrice"] >= 0)]
    lines = lines.assign(
        amount=lines["Quantity"] * lines["UnitPrice"],
        date=pandas.to_datetime(lines["InvoiceDate"], format="%m/%d/%Y %H:%M", cache=True),
    )
    table = lines.groupby("CustomerID").agg(
        last=("date", "max"), frequency=("InvoiceNo", "nunique"), monetary=("amount", "sum")
    )
    table["recency"] = (table["last"].max() - table["last"]) // pandas.Timedelta(days=1) + 1
    table["average"] = table["monetary"] / table["frequency"]
    table = table[["recency", "frequency", "monetary", "average"]].reset_index()
    return lambda: table.itertuples(index=False)


TOOLS = {"Polars": with_polars, "DuckDB": with_duckdb, "pandas": with_pandas}

print(json.dumps(list(TOOLS)), flush=True)
for line in sys.stdin:
    name, _, output = line.strip().partition(" ")
    start = time.perf_counter()
    rows = TOOLS[name]()
    seconds = time.perf_counter() - start
    if output:
        with open(output, "w") as file:
            for row in rows():
                print(*(repr(float(value)) for value in row), sep=",", file=file)
    print(seconds, flush=True)

"""Writes the workbooks of two other programs' making: run it in this folder, with openpyxl and XlsxWriter installed.

The committed ones were made with openpyxl 3.1.5 and XlsxWriter 3.3.1.
"""
import datetime

import openpyxl
import xlsxwriter

ROWS = [
    ["InvoiceNo", "Stock", "When", "Price", "Flag", "Text"],
    [536365, 71053, datetime.datetime(2010, 12, 1, 8, 26), 2.55, True, 'a "b", c\nd'],
    ["C1", "85123A", datetime.date(2011, 1, 5), 0.1 + 0.2, False, " lead _x0041_ é"],
    [None, 1e21, datetime.time(9, 5, 7), -1e-7, None, "=1+1"],
]

for name, epoch in (("openpyxl-1900", "WINDOWS"), ("openpyxl-1904", "MAC")):
    book = openpyxl.Workbook()
    if epoch == "MAC":
        book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    sheet = book.active
    sheet.title = "Räume & Co"
    for row in ROWS:
        sheet.append(row)
    book.create_sheet("Other")
    book.save(f"{name}.xlsx")

for name, constant in (("xlsxwriter-shared", False), ("xlsxwriter-inline", True)):
    book = xlsxwriter.Workbook(f"{name}.xlsx", {"constant_memory": constant, "default_date_format": "dd/mm/yy hh:mm:ss"})
    sheet = book.add_worksheet("Data")
    bold = book.add_format({"bold": True})
    for row, values in enumerate(ROWS):
        for column, value in enumerate(values):
            if value is not None:
                sheet.write(row, column, value)
    sheet.write_formula(5, 0, "=NA()", None, "#N/A")
    sheet.write_formula(5, 3, "=1/3", None, 0.3333333333333333)
    sheet.write_rich_string(5, 5, "plain ", bold, "bold", " end")
    book.close()

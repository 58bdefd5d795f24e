import ChurnFeatures
import Foundation
import Testing

/// A kept line, copied out of the reader's buffer.
struct ReadLine: Equatable, CustomStringConvertible {
    var invoice, stockCode, text, country: String
    var customer, minute, quantityMilli, amountMilli, copy: Int64
    var customerCheck: UInt64
    /// Empty of a number.
    var customerText: String

    /// In pieces.
    var quantity: Int64 { quantityMilli / 1_000 }
    /// Of a piece.
    var priceMilli: Int64 { amountMilli * 1_000 / abs(quantityMilli) }

    init(_ line: TransactionLine) {
        invoice = String(decoding: line.invoice, as: UTF8.self)
        stockCode = String(decoding: line.stockCode, as: UTF8.self)
        text = String(decoding: line.description, as: UTF8.self)
        country = String(decoding: line.country, as: UTF8.self)
        customer = line.customer
        customerCheck = line.customerCheck
        customerText = String(decoding: line.customerText, as: UTF8.self)
        minute = line.minute
        quantityMilli = line.quantityMilli
        amountMilli = line.amountMilli
        copy = line.copy
    }

    /// The customer as the shop calls it.
    var customerName: String { customerText.isEmpty ? "\(customer)" : customerText }

    /// The fields, `|` between them, the minute as a date.
    var description: String {
        let time = CivilTime.format(minute: minute)
        return "\(invoice)|\(stockCode)|\(text)|\(quantity)|\(time)|\(priceMilli)|\(customerName)|\(country)|\(copy)"
    }
}

/// All that a reading gave.
struct Reading: Equatable {
    var lines: [ReadLine] = []
    /// Nil when not even the header could be read.
    var report: ReadingReport?
    var error: ReadingError?

    var counts: ReadingCounts { report?.counts ?? ReadingCounts() }
    var texts: [String] { lines.map(\.text) }
    /// Reasons by name with their lines, in the order of the checks.
    var reasons: [String] { counts.rejectedReasons.map { "\($0.reason.name) \($0.lines)" } }
}

enum ReadingSupport {
    static let header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"

    /// Most tests have few dates, which would not show that the month is first.
    static let monthFirst = layout(["dates": "mdy"])

    /// A layout from flags as they are typed.
    static func layout(_ flags: KeyValuePairs<String, String>) -> ReadingLayout {
        var layout = ReadingLayout()
        for (name, value) in flags {
            do throws(LayoutError) {
                guard let flag = LayoutFlag(rawValue: name) else { preconditionFailure("no flag \(name)") }
                try layout.set(flag, to: value)
            } catch {
                Issue.record("\(error)")
            }
        }
        return layout
    }

    static func read(
        _ bytes: [UInt8],
        name: String = "test.csv",
        layout: ReadingLayout = monthFirst,
        rejects: RejectsFile? = nil,
        settings: ReadingSettings = .defaults,
        maxLines: Int = 100
    ) -> Reading {
        var reading = Reading()
        do throws(ReadingError) {
            var reader = try TransactionReader(
                bytes: bytes,
                name: name,
                layout: layout,
                rejects: rejects,
                settings: settings
            )
            do {
                while try reader.readBatch(maxLines: maxLines, { reading.lines.append(ReadLine($0)) }) {}
            } catch {
                reading.error = error as? ReadingError
            }
            reading.report = reader.report
        } catch {
            reading.error = error
        }
        return reading
    }

    static func read(
        _ text: String,
        layout: ReadingLayout = monthFirst,
        settings: ReadingSettings = .defaults
    ) -> Reading {
        read(Array(text.utf8), layout: layout, settings: settings)
    }

    /// Reads lines under the usual header.
    static func body(
        _ lines: String,
        layout: ReadingLayout = monthFirst,
        settings: ReadingSettings = .defaults
    ) -> Reading {
        read(header + lines, layout: layout, settings: settings)
    }

    /// One line with a given field, valid otherwise.
    static func line(
        invoice: String = "536365",
        stockCode: String = "85123A",
        description: String = "LANTERN",
        quantity: String = "6",
        date: String = "12/1/2010 8:26",
        price: String = "2.55",
        customer: String = "17850",
        country: String = "United Kingdom"
    ) -> String {
        [invoice, stockCode, description, quantity, date, price, customer, country].joined(separator: ",") + "\n"
    }

    /// A gzip member of stored blocks (RFC 1951, 3.2.4), so that a test needs no compressor.
    static func gzip(_ bytes: [UInt8], blockBytes: Int = 40) -> [UInt8] {
        var out: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
        var position = 0
        repeat {
            let count = min(blockBytes, bytes.count - position)
            let isLast = position + count == bytes.count
            out.append(isLast ? 1 : 0)
            out += [UInt8(count & 255), UInt8(count >> 8), UInt8(~count & 255), UInt8((~count >> 8) & 255)]
            out += bytes[position..<(position + count)]
            position += count
        } while position < bytes.count
        var crc: UInt32 = .max
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
        }
        for word in [~crc, UInt32(bytes.count)] {
            for shift in [0, 8, 16, 24] as [UInt32] { out.append(UInt8(truncatingIfNeeded: word >> shift)) }
        }
        return out
    }

    static func write(_ bytes: [UInt8], to path: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    static func contents(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }
}

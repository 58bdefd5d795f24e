import ChurnFeatures
import Foundation
import Testing

@Suite("Time zones of shops")
struct ShopTimeZoneTests {
    private static func local(_ name: String, _ utc: String) throws -> String {
        let day = try #require(CivilTime.parseDay(String(utc.prefix(10))))
        let time = utc.suffix(5).split(separator: ":").compactMap { Int64($0) }
        let minute = day * CivilTime.minutesPerDay + time[0] * 60 + time[1]
        return CivilTime.format(minute: try ShopTimeZone(name: name).localMinute(atUTC: minute))
    }

    static let instants: [(name: String, utc: String, local: String)] = [
        ("Europe/London", "2011-03-27 00:59", "2011-03-27 00:59"),
        ("Europe/London", "2011-03-27 01:00", "2011-03-27 02:00"),
        ("Europe/London", "2011-10-30 00:59", "2011-10-30 01:59"),
        ("Europe/London", "2011-10-30 01:00", "2011-10-30 01:00"),
        // After the transitions that a file lists, by its rule.
        ("Europe/London", "2060-07-01 12:00", "2060-07-01 13:00"),
        ("Europe/London", "2060-12-01 12:00", "2060-12-01 12:00"),
        ("America/New_York", "2099-07-01 12:00", "2099-07-01 08:00"),
        ("Australia/Sydney", "2099-01-01 12:00", "2099-01-01 23:00"),
        ("Asia/Kolkata", "2011-02-09 20:00", "2011-02-10 01:30"),
        ("America/St_Johns", "2011-02-09 02:00", "2011-02-08 22:30"),
        ("Etc/GMT+5", "2011-02-09 02:00", "2011-02-08 21:00"), ("UTC", "2011-02-09 02:00", "2011-02-09 02:00"),
        ("Europe/Paris", "1969-12-31 23:00", "1970-01-01 00:00"),
    ]

    @Test("instants on the clock of a shop", arguments: instants)
    func instant(_ row: (name: String, utc: String, local: String)) throws {
        #expect(try Self.local(row.name, row.utc) == row.local)
    }

    @Test(
        "every hour of a century is that of Foundation's",
        arguments: ["Europe/London", "America/Sao_Paulo", "Africa/Casablanca"]
    )
    func hours(name: String) throws {
        let zone = try ShopTimeZone(name: name)
        let other = try #require(TimeZone(identifier: name))
        // Foundation has the transitions until 2037.
        for hour in stride(from: Int64(0), to: 67 * 8766, by: 5) {
            let date = Date(timeIntervalSince1970: Double(hour) * 3600)
            let offset = Int64(other.secondsFromGMT(for: date)) / 60
            if zone.localMinute(atUTC: hour * 60) != hour * 60 + offset { Issue.record("\(name), hour \(hour)") }
        }
    }

    @Test("a name that leads out of the database, or to no zone, is refused")
    func names() {
        for name in [
            "", "/", "..", "../zoneinfo/UTC", "Europe", "Europe/", "Europe//London", "tzdata.zi", "zone.tab", "a b",
        ] {
            #expect(throws: LayoutError.self, "\(name)") { try ShopTimeZone(name: name) }
        }
    }
}

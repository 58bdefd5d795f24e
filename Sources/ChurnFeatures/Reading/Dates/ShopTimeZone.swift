/// The clock of a shop, from the tz database of the system. No result depends on `TZ` or the locale.
package struct ShopTimeZone: Sendable {
    /// For example `Europe/London`.
    package let name: String
    private let data: TimeZoneData

    /// - Throws: `LayoutError` for a name that the database does not have, and where there is no database.
    package init(name: String) throws(LayoutError) {
        guard Self.isName(name) else { throw Self.error(name, "is no name; give \(LayoutFlag.timeZone.values)") }
        guard let bytes = TimeZoneData.read(name: name) else {
            throw Self.error(
                name,
                "is not in \(TimeZoneData.directory); give \(LayoutFlag.timeZone.values), or install the package tzdata"
            )
        }
        guard let data = TimeZoneData(bytes: bytes) else {
            throw Self.error(name, "its file in \(TimeZoneData.directory) is damaged; install the package tzdata again")
        }
        self.name = name
        self.data = data
    }

    /// Minutes since 1970-01-01 00:00 on this clock, of an instant in minutes since 1970-01-01 00:00 UTC.
    package func localMinute(atUTC minute: Int64) -> Int64 {
        let seconds = minute * 60
        let local = seconds + data.offsetSeconds(at: seconds)
        return local >= 0 ? local / 60 : (local - 59) / 60
    }

    /// Relative, of plain parts: no name leads out of the database.
    private static func isName(_ name: String) -> Bool {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        return name.utf8.count <= 64
            && parts.allSatisfy { part in
                guard let first = part.utf8.first, first != UInt8(ascii: "."), first != UInt8(ascii: "-") else {
                    return false
                }
                return part.unicodeScalars.allSatisfy {
                    $0.isASCII && ($0.properties.isAlphabetic || "0123456789_+-".unicodeScalars.contains($0))
                }
            }
    }

    private static func error(_ name: String, _ reason: String) -> LayoutError {
        LayoutError(flag: LayoutFlag.timeZone.rawValue, value: name, reason: reason)
    }
}

extension ShopTimeZone: Equatable {
    package static func == (left: ShopTimeZone, right: ShopTimeZone) -> Bool { left.name == right.name }
}

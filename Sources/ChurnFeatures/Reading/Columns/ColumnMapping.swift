/// What a column may be to this program. The raw value is the name in `--columns`.
package enum ColumnRole: String, CaseIterable, Sendable {
    case customer, date
    /// The time of day, where it stands beside the date.
    case time
    case invoice, product, quantity, price
    /// The total of a line, in place of a price.
    case amount
    case country, status, description
    /// That of the amounts, which must be the same in all lines.
    case currency
}

/// Which column is what, as far as a person has said it: `customer=Kunde,date="Order Date"`.
package struct ColumnMapping: Equatable, Sendable {
    /// Names of columns by role; compared with those of a file without case, blanks, `_` and `-`.
    package private(set) var names: [ColumnRole: String] = [:]

    package init() {}

    /// `role=name,...`; a name with a comma or an equals sign stands in double quotes, a double quote is doubled in them.
    ///
    /// - Throws: `LayoutError` for an unknown role, a role or a name given twice, both price and amount.
    package init(text: String) throws(LayoutError) {
        for item in try Self.items(text) {
            guard let role = ColumnRole(rawValue: item.role.lowercased()) else {
                throw Self.error(text, "\(item.role) is no role; give \(LayoutFlag.columns.values)")
            }
            guard names[role] == nil else { throw Self.error(text, "\(role.rawValue) is given twice; give it once") }
            names[role] = item.name
        }
        guard names[.price] == nil || names[.amount] == nil else {
            throw Self.error(text, "price is that of a piece and amount that of a line; give one of them")
        }
    }

    package var isEmpty: Bool { names.isEmpty }

    /// The form that `init(text:)` takes.
    package var text: String {
        ColumnRole.allCases.compactMap { role in names[role].map { "\(role.rawValue)=\(Self.quoted($0))" } }
            .joined(separator: ",")
    }

    package subscript(role: ColumnRole) -> String? {
        get { names[role] }
        set { names[role] = newValue }
    }

    private static func quoted(_ name: String) -> String {
        guard name.contains(where: { ",=\"".contains($0) }) else { return name }
        return "\"" + name.replacing("\"", with: "\"\"") + "\""
    }

    private static func items(_ text: String) throws(LayoutError) -> [(role: String, name: String)] {
        var items: [(role: String, name: String)] = []
        var rest = Substring(text)
        while !rest.isEmpty {
            guard let equals = rest.firstIndex(of: "=") else {
                throw error(text, "\(rest) has no equals sign; give \(LayoutFlag.columns.values)")
            }
            let role = trimmedText(rest[..<equals])
            rest = rest[rest.index(after: equals)...]
            let name: String
            if rest.first == "\"" {
                name = try quotedName(&rest, text)
            } else {
                let end = rest.firstIndex(of: ",") ?? rest.endIndex
                name = trimmedText(rest[..<end])
                rest = rest[end...]
            }
            guard !name.isEmpty else { throw error(text, "\(role) has no column; give \(LayoutFlag.columns.values)") }
            items.append((role, name))
            if rest.first == "," { rest.removeFirst() }
        }
        guard !items.isEmpty else { throw error(text, "is empty; give \(LayoutFlag.columns.values)") }
        return items
    }

    private static func quotedName(_ rest: inout Substring, _ text: String) throws(LayoutError) -> String {
        rest.removeFirst()
        var name = ""
        while let character = rest.popFirst() {
            if character != "\"" {
                name.append(character)
            } else if rest.first == "\"" {
                name.append("\"")
                rest.removeFirst()
            } else if rest.isEmpty || rest.first == "," {
                return name
            } else {
                break
            }
        }
        throw error(text, "a double quote is not closed before the next comma; double the quotes within a name")
    }

    private static func error(_ text: String, _ reason: String) -> LayoutError {
        LayoutError(flag: LayoutFlag.columns.rawValue, value: text, reason: reason)
    }
}

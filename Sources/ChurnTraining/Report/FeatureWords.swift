/// What the features are called and mean, for people who do not know the schema.
package struct FeatureWords: Equatable, Sendable {
    /// A few words, for a label.
    package var label: String
    /// What it counts, for a legend.
    package var meaning: String

    package init(_ feature: String) {
        guard let words = Self.known[feature] else {
            label = feature
            meaning = "no description"
            return
        }
        (label, meaning) = words
    }

    private static let known: [String: (String, String)] = [
        "Frequency": ("Orders", "invoices so far"),
        "Monetary": ("Money spent", "sum of all purchases so far"),
        "AvgOrderValue": ("Value of an order", "money spent by orders"),
        "recency_24h": ("Silence", "whole 24 hours since the last purchase, against the last purchase of anybody"),
        "recency_days": ("Days of silence", "days since the last purchase"),
        "tenure_days": ("Days as a customer", "days since the first purchase"),
        "purchase_days": ("Days with a purchase", "distinct days with a purchase so far"),
        "purchase_days_60d": ("Purchase days, last 60 days", "distinct days with a purchase in the last 60 days"),
        "decayed_purchase_days_180d": (
            "Recent activity", "days with a purchase, each fading with its age over about 180 days"
        ),
        "units": ("Pieces bought", "sum of all quantities so far"),
        "max_quantity": ("Largest quantity", "most pieces in one line of an order"),
        "distinct_products": ("Different products", "distinct products bought so far"),
        "last_day_products": ("Products in the last order", "distinct products on the last day with a purchase"),
        "mean_hour": ("Usual hour of ordering", "mean hour of the day of the orders"),
        "gap_days": ("Usual pause", "mean number of days between two days with a purchase"),
        "gap_std_days": ("Irregularity of pauses", "how much the pauses between purchase days differ, in days"),
        "recency_gap_ratio": ("Silence against habit", "days of silence by the usual pause"),
        "cancel_rate": ("Share of cancelled orders", "cancelled orders among all orders"),
        "net_monetary": ("Money spent, net", "purchases so far, less what was cancelled"),
        "net_units": ("Pieces kept", "quantities so far, less those cancelled"),
    ]

    /// Features that depend on how long ago the customer last bought. They are correlated, so a model's weight on one of them
    /// says little by itself.
    package static let lastPurchase: Set<String> = [
        "recency_24h", "recency_days", "purchase_days_60d", "decayed_purchase_days_180d", "recency_gap_ratio",
    ]

    /// The value in a sentence about one customer, such as "last bought 12 days ago".
    package static func sentence(_ feature: String, _ value: Double) -> String {
        func count(_ one: String, _ many: String) -> String {
            "\(ReportText.number(value, decimals: value == value.rounded() ? 0 : 1)) \(value == 1 ? one : many)"
        }
        switch feature {
        case "Frequency": return count("order", "orders") + " so far"
        case "Monetary": return "\(ReportText.number(value, decimals: 2)) spent so far"
        case "AvgOrderValue": return "\(ReportText.number(value, decimals: 2)) an order"
        case "recency_24h", "recency_days": return "last bought \(count("day", "days")) ago"
        case "tenure_days": return "a customer for \(count("day", "days"))"
        case "purchase_days": return "bought on \(count("day", "different days"))"
        case "purchase_days_60d": return "bought on \(count("day", "days")) of the last 60"
        case "decayed_purchase_days_180d":
            return "\(ReportText.number(value, decimals: 2)) purchase days, the old ones faded"
        case "units": return count("piece", "pieces") + " bought"
        case "max_quantity": return count("piece", "pieces") + " in the largest line"
        case "distinct_products": return count("different product", "different products")
        case "last_day_products": return count("product", "products") + " on the last day"
        case "mean_hour":
            let minutes = Int((min(max(value, 0), 24) * 60).rounded())
            return "usually orders at \(minutes / 60):" + (minutes % 60 < 10 ? "0" : "") + "\(minutes % 60)"
        case "gap_days": return "usually buys every \(count("day", "days"))"
        case "gap_std_days": return "pauses differ by \(count("day", "days"))"
        case "recency_gap_ratio": return "silent for \(ReportText.number(value, decimals: 2)) usual pauses"
        case "cancel_rate": return "\(ReportText.percent(value)) of the orders cancelled"
        default: return "\(feature) is \(ReportText.number(value, decimals: 3))"
        }
    }
}

/// Numbers for people, the same on every machine and in every language setting.
package enum ReportText {
    /// Rounded half away from zero, with a comma between groups of three digits; "–" for what is not finite.
    package static func number(_ value: Double, decimals: Int) -> String {
        guard value.isFinite, value.magnitude < 1e15 else { return "–" }
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        let scaled = Int64((value.magnitude * scale).rounded())
        let one = Int64(scale)
        var text = (value < 0 && scaled > 0 ? "−" : "") + grouped(scaled / one)
        if decimals > 0 {
            let fraction = String(scaled % one)
            text += "." + String(repeating: "0", count: decimals - fraction.utf8.count) + fraction
        }
        return text
    }

    package static func signed(_ value: Double, decimals: Int) -> String {
        (value < 0 ? "" : "+") + number(value, decimals: decimals)
    }

    package static func percent(_ share: Double, decimals: Int = 1) -> String {
        // Held together by a no-break space.
        number(100 * share, decimals: decimals) + "\u{a0}%"
    }

    package static func count(_ value: Int) -> String { number(Double(value), decimals: 0) }

    private static func grouped(_ value: Int64) -> String {
        let digits = String(value)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.utf8.count - index).isMultiple(of: 3) { text += "," }
            text.append(digit)
        }
        return text
    }
}

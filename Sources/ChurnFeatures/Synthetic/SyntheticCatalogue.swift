/// The products of a synthetic shop: the middle of a line as CSV, and a price.
struct SyntheticCatalogue {
    struct Product {
        /// `StockCode,Description,` with quotes where CSV wants them.
        var codeAndDescription: [UInt8]
        /// `StockCode,,`: some lines have no description.
        var codeOnly: [UInt8]
        /// In pence, 4 or more.
        var pricePence: Int
    }

    let products: [Product]

    init(seed: UInt64) {
        var random = SyntheticRandom(seed: seed, .catalogue)
        products = (0..<Self.productCount).map { Self.product($0, &random) }
    }

    /// Few products make most of the sales: the square of a uniform variable prefers the first ones.
    func pick(_ random: inout SyntheticRandom) -> Int {
        let place = random.uniform()
        return Int(place * place * Double(products.count))
    }

    private static let productCount = 3_600

    private static func product(_ index: Int, _ random: inout SyntheticRandom) -> Product {
        let suffix = random.happens(withProbability: 0.2) ? ["A", "B", "C", "D"][random.integer(below: 4)] : ""
        let code = "\(20_000 + index * 19)\(suffix)"
        let size = sizes[random.integer(below: sizes.count)]
        let colour = colours[random.integer(below: colours.count)]
        let thing = things[random.integer(below: things.count)]
        let plain = "\(size) \(colour) \(thing)"
        // What an export really holds, and a reader must take: commas, quotes, letters beyond ASCII.
        let description =
            switch index % 40 {
            case 7: "\"\(thing), \(size) \(colour)\""
            case 23: "\"\(plain) \"\"HOME\"\"\""
            case 31: "CAFÉ \(plain)"
            default: plain
            }
        let pence = max(4, Int(random.logNormal(median: 208, sigma: 0.9).rounded()))
        return Product(
            codeAndDescription: Array("\(code),\(description),".utf8),
            codeOnly: Array("\(code),,".utf8),
            pricePence: pence
        )
    }

    private static let sizes = [
        "SMALL", "LARGE", "MINI", "SET OF 3", "SET OF 6", "PACK OF 12", "VINTAGE", "ANTIQUE", "RETRO", "HANGING",
    ]
    private static let colours = [
        "RED", "PINK", "BLUE", "WHITE", "IVORY", "GREEN", "SILVER", "WOODEN", "GLASS", "ZINC", "POLKADOT", "TARTAN",
    ]
    private static let things = [
        "T-LIGHT HOLDER", "LUNCH BAG", "CAKE STAND", "BUNTING", "JAM JAR", "TEA TOWEL", "ALARM CLOCK", "PICTURE FRAME",
        "DOORMAT", "WATERING CAN", "BIRD FEEDER", "NOTEBOOK", "CANDLE", "MUG", "TRAY", "CUSHION", "HEART", "STAR",
    ]
}

internal import ChurnFeatures

/// Where the records of a build lie in a database.
struct MongoBuildPlace: Equatable, Sendable {
    /// A collection.
    var records = ""
    /// The field with a customer's segment, and what its values stand for.
    var segmentField = ""
    var segmentNames: [String] = []
}

extension FeatureBuild {
    /// Empty for a build of another kind of store, which no collection is.
    var mongoPlace: MongoBuildPlace {
        get { place.contents(as: MongoBuildPlace.self) ?? MongoBuildPlace() }
        set { place = BuildPlace(newValue) }
    }
}

/// How a build lies in the collection `builds`: `_id` is its generation, so that two cannot have the same, and
/// `generation` is the same again, to be sorted by: the stand-in of the tests sorts `_id` as text. They are few.
enum BuildDocument {
    /// - Returns: nil when the build cannot be.
    static func read(_ reader: borrowing BSONReader) -> FeatureBuild? {
        var build = FeatureBuild(
            generation: 0,
            context: BuildContext(asOfMinute: .min, lastPurchaseMinute: .max),
            customers: 0,
            hash: 0,
            builtAtSeconds: 0
        )
        var place = MongoBuildPlace()
        let names = BSONReader()
        while reader.next() {
            switch reader.key {
            case "generation": build.generation = reader.integer ?? 0
            case "as_of_minute": build.context.asOfMinute = reader.integer ?? .min
            case "last_purchase_minute": build.context.lastPurchaseMinute = reader.integer ?? .max
            case "customers": build.customers = reader.integer ?? 0
            case "hash": build.hash = reader.string.flatMap { UInt64($0, radix: 16) } ?? 0
            case "built_at": build.builtAtSeconds = reader.integer ?? 0
            case "records": place.records = reader.string ?? ""
            case "segmentation": build.segmentation = reader.integer ?? 0
            case "segment_field": place.segmentField = reader.string ?? ""
            case "segment_names":
                _ = reader.forEach(with: names) { place.segmentNames.append($0.string ?? "") }
            default: break
            }
        }
        build.mongoPlace = place
        guard build.isConsistent, place.records.hasPrefix(MongoSchema.featurePrefix) else { return nil }
        return build
    }
}

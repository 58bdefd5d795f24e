internal import ChurnBase

extension MongoStore {
    package func runs() throws(StoreError) -> [StoredRun] {
        do {
            var runs: [StoredRun] = []
            try leasing { lease throws(MongoFailure) in
                let order = BSONDocument("{\"sort\": {\"run\": 1}}")
                try lease.collection(MongoSchema.runs, fromPrimary: true).find(BSONDocument("{}"), order) { reader in
                    if let run = RunDocument.read(reader) { runs.append(run) }
                    return true
                }
            }
            var positions: [Int64: Int] = [:]
            for (position, run) in runs.enumerated() { positions[run.id] = position }
            try forEachGroup(
                """
                {"pipeline": [{"$group": {
                    "_id": "$run", "lines": {"$sum": 1}, "first": {"$min": "$day"}, "last": {"$max": "$day"}
                }}]}
                """
            ) { group in
                guard let run = group["_id"], let position = positions[run], let first = group["first"],
                    let last = group["last"], first <= last
                else { return }
                runs[position].lines = group["lines"] ?? 0
                runs[position].days = first...last
            }
            return runs
        } catch {
            throw storeError(error)
        }
    }

    package func lineCounts(of days: Set<Int64>) throws(StoreError) -> [Int64: Int64] {
        guard !days.isEmpty else { return [:] }
        do {
            var counts: [Int64: Int64] = [:]
            let among = days.map { "{\"$numberLong\": \"\($0)\"}" }.joined(separator: ", ")
            try forEachGroup(
                """
                {"pipeline": [
                    {"$match": {"day": {"$in": [\(among)]}}}, {"$group": {"_id": "$day", "lines": {"$sum": 1}}}
                ]}
                """
            ) { group in
                if let day = group["_id"], let lines = group["lines"] { counts[day] = lines }
            }
            return counts
        } catch {
            throw storeError(error)
        }
    }

    package func damagedDays() throws(StoreError) -> [RunDay] { [] }

    /// Gives a run its id: one more than the last one's.
    func beginRun(_ run: RunDescription, _ replacing: DayReplacement?) throws(StoreError) -> Int64 {
        let token = hexadecimal(UInt64.random(in: 0 ... .max))
        for _ in 0..<Self.runAttempts {
            let id = try lastRun() + 1
            let document = RunDocument.new(id, run, replacing, token: token)
            _ = try retrying { lease throws(MongoFailure) in
                try lease.collection(MongoSchema.runs).bulk(BSONDocument("{\(MongoSchema.durably)}")) {
                    bulk throws(MongoFailure) in try bulk.insert(document.pointer)
                }
            }
            // Its confirmation may have been lost, so that it met itself.
            if try token == self.token(of: id) { return id }
        }
        throw .busy(store: name)
    }

    private static let runAttempts = 100

    private func lastRun() throws(StoreError) -> Int64 {
        try retrying { lease throws(MongoFailure) in
            var last: Int64 = 0
            let options = BSONDocument("{\"sort\": {\"run\": -1}, \"limit\": 1}")
            try lease.collection(MongoSchema.runs, fromPrimary: true).find(BSONDocument("{}"), options) { reader in
                while reader.next() {
                    if "run" ~= reader.key { last = reader.integer ?? 0 }
                }
                return false
            }
            return last
        }
    }

    private func token(of run: Int64) throws(StoreError) -> String? {
        try retrying { lease throws(MongoFailure) in
            var token: String?
            let filter = BSONDocument()
            filter.append("_id", run)
            try lease.collection(MongoSchema.runs, fromPrimary: true).find(filter, BSONDocument("{}")) { reader in
                while reader.next() {
                    if "token" ~= reader.key { token = reader.string }
                }
                return false
            }
            return token
        }
    }

    func endRun(_ run: Int64, _ counts: IngestCounts, _ replacing: DayReplacement?) throws(StoreError) {
        let filter = BSONDocument()
        filter.append("_id", run)
        let values = BSONDocument()
        values.append("finished_at", Int64(time(nil)))
        values.append("added", counts.added)
        values.append("already_there", counts.alreadyThere)
        values.append("collisions", counts.collisions)
        values.append("forgotten", counts.forgotten)
        values.append("replaced", counts.replaced)
        if replacing != nil { values.append("replacing", Int64(0)) }
        let update = BSONDocument()
        update.append("$set", values)
        try updateRun(filter, update)
        if let replacing { try settle { $0.isSubset(of: replacing.days) } }
    }

    private func updateRun(_ filter: borrowing BSONDocument, _ update: borrowing BSONDocument) throws(StoreError) {
        _ = try retrying { lease throws(MongoFailure) in
            try lease.collection(MongoSchema.runs).bulk(BSONDocument("{\(MongoSchema.durably)}")) {
                bulk throws(MongoFailure) in try bulk.update(filter, update)
            }
        }
    }

    /// The runs that replace or replaced days: whether they are under way, or were interrupted.
    ///
    /// - Throws: `refused` when there is one that is.
    func replacements() throws(StoreError) -> Set<Int64> {
        var done: Set<Int64> = []
        for run in try replacingRuns() {
            guard !run.isReplacing else {
                throw .refused(
                    store: name,
                    code: 0,
                    explanation: "run \(run.id) is replacing days, or was interrupted: wait until it ends, or run its "
                        + "`churn ingest --replace` again"
                )
            }
            done.insert(run.id)
        }
        return done
    }

    /// Ends interrupted replacements whose days another one, or a removal, has taken care of.
    func settle(where isSettled: (Set<Int64>) -> Bool) throws(StoreError) {
        for run in try replacingRuns() where run.isReplacing && isSettled(run.days) {
            let filter = BSONDocument()
            filter.append("_id", run.id)
            try updateRun(filter, BSONDocument("{\"$set\": {\"replacing\": 0}}"))
        }
    }

    private func replacingRuns() throws(StoreError) -> [RunDocument.Replacing] {
        try retrying { lease throws(MongoFailure) in
            var runs: [RunDocument.Replacing] = []
            let filter = BSONDocument("{\"kind\": \"replace\"}")
            try lease.collection(MongoSchema.runs, fromPrimary: true).find(filter, BSONDocument("{}")) { reader in
                runs.append(RunDocument.Replacing(reader))
                return true
            }
            return runs
        }
    }
}

/// How a run lies in the collection `runs`: `_id` is its id, and `run` is the same again, to be sorted by.
enum RunDocument {
    static func new(_ id: Int64, _ run: RunDescription, _ replacing: DayReplacement?, token: String) -> BSONDocument {
        let document = BSONDocument()
        document.append("_id", id)
        document.append("run", id)
        document.append("token", token)
        document.append("started_at", Int64(time(nil)))
        document.append("kind", replacing == nil ? run.kind.rawValue : RunDescription.Kind.replace.rawValue)
        document.append("files", strings: run.files)
        document.append("layout", run.layout)
        document.append("program", run.program)
        if let replacing {
            document.append("replacing", Int64(1))
            document.append("days", integers: replacing.days.sorted())
        }
        return document
    }

    static func read(_ reader: borrowing BSONReader) -> StoredRun? {
        var id: Int64 = 0
        var description = RunDescription(kind: .ingest)
        var startedAt: Int64 = 0
        var finishedAt: Int64?
        var counts = IngestCounts()
        let files = BSONReader()
        while reader.next() {
            switch reader.key {
            case "run": id = reader.integer ?? 0
            case "started_at": startedAt = reader.integer ?? 0
            case "finished_at": finishedAt = reader.integer
            case "kind": description.kind = reader.string.flatMap { RunDescription.Kind(rawValue: $0) } ?? .ingest
            case "files": _ = reader.forEach(with: files) { description.files.append($0.string ?? "") }
            case "layout": description.layout = reader.string ?? ""
            case "program": description.program = reader.string ?? ""
            case "added": counts.added = reader.integer ?? 0
            case "already_there": counts.alreadyThere = reader.integer ?? 0
            case "collisions": counts.collisions = reader.integer ?? 0
            case "forgotten": counts.forgotten = reader.integer ?? 0
            case "replaced": counts.replaced = reader.integer ?? 0
            default: break
            }
        }
        guard id > 0 else { return nil }
        return StoredRun(
            id: id,
            description: description,
            startedAtSeconds: startedAt,
            finishedAtSeconds: finishedAt,
            counts: finishedAt == nil ? nil : counts,
            lines: 0,
            days: nil
        )
    }

    /// A run of the kind `replace`.
    struct Replacing {
        private(set) var id: Int64 = 0
        private(set) var isReplacing = false
        private(set) var days: Set<Int64> = []

        init(_ reader: borrowing BSONReader) {
            let inner = BSONReader()
            var found: Set<Int64> = []
            while reader.next() {
                switch reader.key {
                case "run": id = reader.integer ?? 0
                case "replacing": isReplacing = reader.integer == 1
                case "days": _ = reader.forEach(with: inner) { if let day = $0.integer { found.insert(day) } }
                default: break
                }
            }
            days = found
        }
    }
}

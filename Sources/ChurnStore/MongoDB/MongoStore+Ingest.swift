internal import ChurnBase
internal import ChurnFeatures
internal import Dispatch
internal import Synchronization

extension MongoStore {
    package func ingest<Value>(
        _ run: RunDescription,
        replacing: DayReplacement?,
        _ body: (any IngestSession) throws -> Value
    ) throws -> Value {
        precondition(access != .read, "a store opened for reading")
        let session = MongoIngestSession(self, run, replacing)
        defer { session.close() }
        let value = try body(session)
        _ = try session.finish()
        return value
    }

    /// Sends a piece until it is durable. A line that is there already is counted, not added; so after a failure of the
    /// network, lines that had arrived count as there already.
    ///
    /// - Parameter replacing: whether a line that is there already is put in the place of the one that is.
    fileprivate func insert(_ piece: IngestPiece, replacing: Bool) throws(StoreError) -> IngestCounts {
        guard piece.hasDocuments else { return IngestCounts() }
        let slot = BSONSlot()
        let outcome = try retrying { lease throws(MongoFailure) in
            // Unordered: what is there already does not keep the rest from being written.
            let options = BSONDocument("{\"ordered\": false, \(MongoSchema.durably)}")
            return try lease.collection(MongoSchema.transactions).bulk(options) { bulk throws(MongoFailure) in
                try piece.forEachDocument { document throws(MongoFailure) in
                    let isDocument = slot.view(document)
                    precondition(isDocument, "bytes of our own making")
                    if replacing { try bulk.replaceByKey(slot.pointer) } else { try bulk.insert(slot.pointer) }
                }
            }
        }
        return replacing
            ? IngestCounts(added: outcome.upserted, alreadyThere: outcome.matched)
            : IngestCounts(added: outcome.inserted, alreadyThere: outcome.duplicates)
    }
}

/// Lines that are sent together, as the bytes of their documents.
private struct IngestPiece: Sendable {
    private var bytes: [UInt8] = []
    /// Where each document ends.
    private var ends: [Int] = []
    /// Whose each document is.
    private(set) var customers: [CustomerID] = []
    /// Positions of documents that are not sent.
    private var leftOut: Set<Int> = []

    var hasDocuments: Bool { leftOut.count < ends.count }

    var byteCount: Int { bytes.count }

    /// Far below what a server takes (48 MB, 100,000 documents), so that sending it again is cheap.
    var isFull: Bool { bytes.count >= 1 << 20 || ends.count >= 2_000 }

    mutating func leaveOut(_ position: Int) {
        leftOut.insert(position)
    }

    mutating func append(_ document: borrowing BSONDocument, of customer: CustomerID) {
        customers.append(customer)
        bytes.append(contentsOf: document.bytes)
        ends.append(bytes.count)
    }

    func forEachDocument(_ body: (UnsafeBufferPointer<UInt8>) throws(MongoFailure) -> Void) throws(MongoFailure) {
        try bytes.withUnsafeBufferPointer { bytes throws(MongoFailure) in
            var start = 0
            for (position, end) in ends.enumerated() {
                if !leftOut.contains(position) { try body(UnsafeBufferPointer(rebasing: bytes[start..<end])) }
                start = end
            }
        }
    }
}

/// Collects a batch in pieces, and sends them when it is committed, several at a time.
private final class MongoIngestSession: IngestSession {
    private let store: MongoStore
    private let description: RunDescription
    private let replacing: DayReplacement?
    /// 0 before the first line.
    private var run: Int64 = 0
    private var texts = MongoTexts()
    private var forgotten: MongoForgotten?
    private let document = BSONDocument()
    private var id: [UInt8] = []
    /// Full but for the last one; none is empty.
    private var pieces: [IngestPiece] = []
    private var collectedBytes = 0
    private var batch = IngestCounts()
    private(set) var committed = IngestCounts()
    private var failure: StoreError?
    private var isClosed = false
    private var isFinished = false

    /// Held back until the commit; 20,000 usual lines are 6 MB.
    private static let collectedBytesLimit = 16 << 20
    /// Pieces on their way at a time.
    private static let lanes = 4

    init(_ store: MongoStore, _ description: RunDescription, _ replacing: DayReplacement?) {
        self.store = store
        self.description = description
        self.replacing = replacing
    }

    func add(_ line: TransactionLine) throws(StoreError) {
        precondition(!isClosed, "an ingest session outside of its body")
        if let failure { throw failure }
        guard line.customer != 0, line.customer > 0 || !line.customerText.isEmpty, line.amountMilli >= 0, line.copy >= 0
        else {
            throw fail(
                .refused(store: store.name, code: 0, explanation: "a line's customer, amount or copy is out of range")
            )
        }
        if run == 0 { try begin() }
        if line.customer < 0 { texts.note(line.customerID, line.customerText) }
        TransactionDocument.write(line, run: run, to: document, id: &id)
        if pieces.last?.isFull ?? true { pieces.append(IngestPiece()) }
        pieces[pieces.count - 1].append(document, of: line.customerID)
        collectedBytes += document.bytes.count
        // A batch that would take too much memory is begun to be sent before its commit.
        if collectedBytes >= Self.collectedBytesLimit { try send() }
    }

    func commit() throws(StoreError) -> IngestCounts {
        precondition(!isClosed, "an ingest session outside of its body")
        if let failure { throw failure }
        try send()
        let done = batch
        committed += done
        batch = IngestCounts()
        return done
    }

    private func begin() throws(StoreError) {
        do throws(StoreError) {
            run = try store.beginRun(description, replacing)
            forgotten = try store.forgottenCustomers()
        } catch {
            throw fail(error)
        }
    }

    /// Ends the run: takes out the rest of the lines of replaced days, and writes down what it did.
    func finish() throws(StoreError) -> IngestCounts {
        _ = try commit()
        guard run > 0, !isFinished else { return committed }
        if let replacing { committed.replaced = try store.removeOthers(of: replacing, than: run) }
        try store.endRun(run, committed, replacing)
        isFinished = true
        return committed
    }

    func close() {
        isClosed = true
        pieces = []
    }

    /// What the lanes of one `send` share.
    private struct Progress {
        private var taken = 0
        private(set) var counts = IngestCounts()
        private(set) var failure: StoreError?

        /// The position of the piece that nobody has taken yet; nil when there is none, or when one has failed.
        mutating func next(of count: Int) -> Int? {
            guard failure == nil, taken < count else { return nil }
            taken += 1
            return taken - 1
        }

        mutating func add(_ result: Result<IngestCounts, StoreError>) {
            switch result {
            case .success(let counts): self.counts += counts
            case .failure(let error): failure = error
            }
        }
    }

    /// Returns when everything collected is durable.
    private func send() throws(StoreError) {
        guard !pieces.isEmpty else { return }
        let before = forgotten
        do throws(StoreError) {
            batch += try leaveOut()
        } catch {
            throw fail(error)
        }
        let progress = Mutex(Progress())
        let isReplacing = replacing != nil
        // As many of them as there are cores run at a time; this thread is one of them.
        DispatchQueue.concurrentPerform(iterations: min(Self.lanes, pieces.count)) { [store, pieces] _ in
            while let index = progress.withLock({ $0.next(of: pieces.count) }) {
                let result = Result { () throws(StoreError) in try store.insert(pieces[index], replacing: isReplacing) }
                progress.withLock { $0.add(result) }
            }
        }
        let (counts, failure) = progress.withLock { ($0.counts, $0.failure) }
        if let failure { throw fail(failure) }
        batch += counts
        if before != nil { try removeForgottenMeanwhile() }
        pieces.removeAll(keepingCapacity: true)
        collectedBytes = 0
        texts.shrink()
    }

    /// Takes the lines out of the pieces whose customers are forgotten, or have the number of another one.
    private func leaveOut() throws(StoreError) -> IngestCounts {
        try texts.register(in: store)
        var counts = IngestCounts()
        for index in pieces.indices {
            for (position, customer) in pieces[index].customers.enumerated() {
                if forgotten?.contains(customer) ?? false {
                    counts.forgotten += 1
                } else if let text = texts.collision(of: customer) {
                    counts.noteCollision(of: text)
                } else {
                    continue
                }
                pieces[index].leaveOut(position)
            }
        }
        return counts
    }

    /// Removes the lines of customers that were forgotten between the last reading of the list and the writing of these
    /// lines. `forget` writes the hash before it removes lines, so either it or this finds every line.
    private func removeForgottenMeanwhile() throws(StoreError) {
        do throws(StoreError) {
            guard let now = try store.forgottenCustomers(), now != forgotten else { return }
            forgotten = now
            let customers = Set(pieces.lazy.flatMap(\.customers)).filter { now.contains($0) }
            _ = try store.removeLines(of: Array(customers))
        } catch {
            throw fail(error)
        }
    }

    private func fail(_ failure: StoreError) -> StoreError {
        self.failure = failure
        batch = IngestCounts()
        pieces = []
        return failure
    }
}

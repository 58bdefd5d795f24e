/// What became of lines that were ingested, in one batch or in all.
package struct IngestCounts: Equatable, Sendable {
    /// Lines that are in the store only now.
    package var added: Int64 = 0
    /// Lines whose key was in the store already. Unless days are replaced they keep the run that they have.
    package var alreadyThere: Int64 = 0
    /// Lines left out because the store has another customer under their customer's number.
    package var collisions: Int64 = 0
    /// The texts of the customers of these lines, each once: the first `collidingShown` of them.
    package private(set) var colliding: [String] = []
    /// Lines left out because their customer was forgotten.
    package var forgotten: Int64 = 0
    /// Lines of replaced days that the run does not have and that were removed. Counted when the run ends.
    package var replaced: Int64 = 0

    package static let collidingShown = 20

    package init() {}

    package init(added: Int64, alreadyThere: Int64) {
        self.added = added
        self.alreadyThere = alreadyThere
    }

    /// Lines that were given.
    package var lines: Int64 { added + alreadyThere + collisions + forgotten }

    /// Counts a line that is left out for its customer's number.
    package mutating func noteCollision(of text: String) {
        collisions += 1
        noteColliding(text)
    }

    package static func += (left: inout IngestCounts, right: IngestCounts) {
        left.added += right.added
        left.alreadyThere += right.alreadyThere
        left.collisions += right.collisions
        left.forgotten += right.forgotten
        left.replaced += right.replaced
        for text in right.colliding { left.noteColliding(text) }
    }

    private mutating func noteColliding(_ text: String) {
        if colliding.count < Self.collidingShown, !colliding.contains(text) { colliding.append(text) }
    }
}

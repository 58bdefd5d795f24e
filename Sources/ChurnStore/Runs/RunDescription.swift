/// What a run read, and how: kept with the run.
package struct RunDescription: Equatable, Sendable {
    package enum Kind: String, Sendable {
        /// Lines of files were added.
        case ingest
        /// The days of the files were replaced.
        case replace
        /// Lines of another store were added; the address of that store stands in place of the files.
        case copy
        /// Lines of a store from before there were runs.
        case migrated
    }

    package var kind: Kind
    /// The names of the inputs, in the order in which they were read.
    package var files: [String]
    /// How the inputs were read, as a JSON text; empty where there is nothing to say.
    package var layout: String
    /// The version of the program that ran.
    package var program: String

    package init(kind: Kind, files: [String] = [], layout: String = "", program: String = "") {
        self.kind = kind
        self.files = files
        self.layout = layout
        self.program = program
    }
}

/// A run as the store has it.
package struct StoredRun: Equatable, Sendable {
    /// 1 or more, ascending with time; an id is never given twice.
    package var id: Int64
    package var description: RunDescription
    /// Seconds since 1970-01-01 00:00 UTC by the clock of the machine that ran.
    package var startedAtSeconds: Int64
    /// Nil while the run is under way, and for ever when it was interrupted. Its lines stay either way.
    package var finishedAtSeconds: Int64?
    /// What the run did; nil as above.
    package var counts: IngestCounts?
    /// Lines that the store has of it now.
    package var lines: Int64
    /// The first and the last day of these, in days since 1970-01-01; nil when there is none.
    package var days: ClosedRange<Int64>?

    package init(
        id: Int64,
        description: RunDescription,
        startedAtSeconds: Int64,
        finishedAtSeconds: Int64?,
        counts: IngestCounts?,
        lines: Int64,
        days: ClosedRange<Int64>?
    ) {
        self.id = id
        self.description = description
        self.startedAtSeconds = startedAtSeconds
        self.finishedAtSeconds = finishedAtSeconds
        self.counts = counts
        self.lines = lines
        self.days = days
    }
}

/// Days whose lines a run replaces.
package struct DayReplacement: Equatable, Sendable {
    /// Days since 1970-01-01. Every line of the run is of one of them.
    package var days: Set<Int64>

    package init(days: Set<Int64>) {
        self.days = days
    }
}

package import ChurnServing
internal import NIOConcurrencyHelpers

/// Answers that had to wait, on their way back to the loop of their calls. One task of the loop takes all that are there, so
/// that a connection gets the answers of one query in one piece.
package final class LateAnswers: Sendable {
    package struct Item: Sendable {
        let sessionID: Int
        /// What the session knows its call by.
        package let tag: UInt64
        package let answer: LateAnswer

        package init(sessionID: Int, tag: UInt64, answer: LateAnswer) {
            self.sessionID = sessionID
            self.tag = tag
            self.answer = answer
        }
    }

    private let loop: any ServingLoop
    private let items = NIOLockedValueBox<[Item]>([])

    init(to loop: any ServingLoop) {
        self.loop = loop
    }

    /// On any thread.
    package func put(_ item: Item) {
        let isFirst = items.withLockedValue { items in
            items.append(item)
            return items.count == 1
        }
        if isFirst { loop.execute { $0.deliverLateAnswers() } }
    }

    func takeAll() -> [Item] {
        items.withLockedValue { items in
            defer { items = [] }
            return items
        }
    }
}

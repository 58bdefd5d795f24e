internal import NIOCore
internal import NIOConcurrencyHelpers

/// The way from any task to the client's event loop. All that is posted in one turn of the loop is taken by it
/// together, for one hop and one flush.
final class Mailbox: Sendable {
    enum Item: Sendable {
        case call(NewCall)
        case cancel(id: UInt64)
        case shutdown(CheckedContinuation<Void, Never>?)
    }

    private struct State {
        var items: [Item] = []
        /// The loop has been asked to come, and has not come yet.
        var isAnnounced = false
    }

    private let state = NIOLockedValueBox(State())
    private let core: NIOLoopBoundBox<ClientCore>
    private let eventLoop: any EventLoop

    init(to core: sending ClientCore, on eventLoop: any EventLoop) {
        self.core = NIOLoopBoundBox.makeBoxSendingValue(core, eventLoop: eventLoop)
        self.eventLoop = eventLoop
    }

    func post(_ item: Item) {
        let mustAnnounce = state.withLockedValue { state in
            state.items.append(item)
            defer { state.isAnnounced = true }
            return !state.isAnnounced
        }
        guard mustAnnounce else { return }
        eventLoop.execute { self.deliver() }
    }

    private func deliver() {
        let core = core.value
        // The two arrays change places, so that neither is allocated anew.
        state.withLockedValue { state in
            swap(&state.items, &core.inbox)
            state.isAnnounced = false
        }
        core.takeInbox()
        core.inbox.removeAll(keepingCapacity: core.inbox.capacity <= Self.keptItems)
    }

    private static let keptItems = 16 * 1024
}

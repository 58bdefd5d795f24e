internal import ChurnBase

/// What a service manager of systemd's kind gives a service, and wants to hear from it: sd_listen_fds(3), sd_notify(3).
package struct ServiceManager: Sendable {
    /// Listening sockets that were opened before this process began; they stay open when this process ends, and peers that
    /// connect meanwhile wait in their queues. Empty: none were.
    let listeners: [CInt]
    private let notifySocket: String?

    /// No service manager.
    package static let none = ServiceManager(listeners: [], notifySocket: nil)

    private init(listeners: [CInt], notifySocket: String?) {
        self.listeners = listeners
        self.notifySocket = notifySocket
    }

    /// The first descriptor that is handed over, as SD_LISTEN_FDS_START has it.
    private static let firstDescriptor: CInt = 3

    /// - Throws: `ServerError.configuration` when the variables make no sense.
    package init(environment: [String: String]) throws(ServerError) {
        notifySocket = environment["NOTIFY_SOCKET"].flatMap { $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil }
        // Variables that were meant for another process are none of ours: sd_listen_fds(3) asks for this.
        guard let process = environment["LISTEN_PID"], process == String(getpid()),
            let count = environment["LISTEN_FDS"]
        else {
            listeners = []
            return
        }
        guard let number = CInt(count), (1...CInt(ServerLimits.endpoints)).contains(number) else {
            throw .configuration(
                "LISTEN_FDS is '\(count)': 1 to \(ServerLimits.endpoints) listening sockets are wanted; see churn.socket"
            )
        }
        listeners = (0..<number).map { Self.firstDescriptor + $0 }
    }

    /// Tells the manager, if there is one that wants to know. It is told without a wait, and need not listen.
    func notify(_ state: String) {
        guard let notifySocket else { return }
        let socket = UnixSocket.make(SOCK_DGRAM)
        guard socket >= 0 else { return }
        defer { close(socket) }
        let bytes = Array(state.utf8)
        _ = UnixSocket.withAddress(notifySocket) {
            sendto(socket, bytes, bytes.count, CInt(MSG_NOSIGNAL | MSG_DONTWAIT), $0, $1)
        }
    }
}

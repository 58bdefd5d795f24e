internal import ChurnProtocol
internal import NIOCore
internal import NIOPosix

extension ClientCore {
    /// How long sent bytes may stay unacknowledged by the peer's kernel before the connection counts as lost. Without
    /// it, calls would be sent into a network that has gone away for a quarter of an hour.
    private static let deadPeerTimeout = Duration.seconds(10)

    /// Opens a connection, now or after the pause that is due.
    func connectSoon() {
        guard case .idle = link, !isShutDown else { return }
        if NIODeadline.now() < noConnectBefore {
            let scheduled = eventLoop.assumeIsolated().scheduleTask(deadline: noConnectBefore) {
                self.link = .idle
                self.settle()
            }
            link = .pausing(scheduled)
        } else {
            connect()
        }
    }

    private func connect() {
        link = .connecting
        openChannels += 1
        let core = NIOLoopBound(self, eventLoop: eventLoop)
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(configuration.connectTimeout))
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .deadPeerTimeout(Self.deadPeerTimeout)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Connection(core: core.value))
                }
            }
        // An address needs no resolver, which would cost a hop to another thread.
        let channel =
            if let address = try? SocketAddress(ipAddress: configuration.host, port: configuration.port) {
                bootstrap.connect(to: address)
            } else {
                bootstrap.connect(host: configuration.host, port: configuration.port)
            }
        channel.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel): self.connected(channel)
            case .failure(let error): self.connectFailed(describe(error, timeout: self.configuration.connectTimeout))
            }
            self.settle()
        }
    }

    private func connected(_ channel: any Channel) {
        guard let connection = try? channel.pipeline.syncOperations.handler(type: Connection.self), !connection.isLost
        else { return connectFailed("the server closed the connection at once") }
        connection.isAdopted = true
        channel.closeFuture.assumeIsolated().whenComplete { _ in
            self.openChannels -= 1
            self.finishShutdown()
        }
        if isShutDown {
            connection.close()
        } else {
            link = .ready(connection)
            lastFailure = nil
        }
    }

    private func connectFailed(_ reason: String) {
        openChannels -= 1
        link = .idle
        noteFailure("cannot connect: \(reason); is the server running there?", atOnce: false)
        countAttempts()
        finishShutdown()
    }

    /// - Parameter atOnce: the first failure in a row costs no pause: the server was there a moment ago.
    private func noteFailure(_ reason: String, atOnce: Bool) {
        failures += 1
        lastFailure = reason
        noConnectBefore = atOnce && failures == 1 ? .distantPast : .now() + pause(afterFailures: failures)
    }

    /// No further calls go to this connection; it is closed when its last one is answered.
    func retire(_ connection: Connection) {
        guard !connection.isRetired else { return }
        connection.isRetired = true
        if case .ready(let current) = link, current === connection { link = .idle }
        retired.append(connection)
        if !connection.hasAnswered {
            noteFailure("the server is shutting down", atOnce: true)
            countAttempts()
        }
        if connection.inFlight == 0 { connection.close() }
    }

    /// A connection can carry no more calls, whoever ended it.
    func lost(_ connection: Connection) {
        if case .ready(let current) = link, current === connection { link = .idle }
        retired.removeAll { $0 === connection }
        guard !isShutDown else { return }
        if let refusal = connection.refusal {
            noteFailure("the server refused the connection: \(refusal.message)", atOnce: false)
        } else if !connection.hasAnswered, !connection.isRetired {
            noteFailure("the server closed the connection (\(connection.reason))", atOnce: true)
        }
        failCalls(of: connection)
        settle()
    }

    /// Closes what is open and opens no more.
    func closeConnections() {
        switch link {
        case .idle, .connecting: break
        case .pausing(let scheduled):
            scheduled.cancel()
            link = .idle
        case .ready(let connection): connection.close()
        }
        for connection in retired { connection.close() }
    }
}

extension ClientBootstrap {
    fileprivate func deadPeerTimeout(_ timeout: Duration) -> ClientBootstrap {
        #if os(Linux)
            // TCP_USER_TIMEOUT of tcp(7), which Swift's Glibc does not show.
            channelOption(.tcpOption(NIOBSDSocket.Option(rawValue: 18)), value: Int(timeout / .milliseconds(1)))
        #else
            self
        #endif
    }
}

internal import ChurnCalls
internal import ChurnServing
internal import NIOCore

extension HTTPResponder {
    /// Makes a call, and writes its answer.
    ///
    /// - Returns: `nil` when the answer comes late.
    func call(
        _ call: Call,
        of request: HTTPRequest,
        deadline: NIODeadline?,
        for caller: HTTPCaller,
        on loop: LoopContext
    ) -> HTTPResponse? {
        let context = CallContext(arrival: request.arrival, deadline: deadline, liveness: caller.liveness)
        var response = HTTPResponse(.internalError)
        let isLate = loop.answerer.answer(call, context, with: loop.snapshot) {
            response = write($0, of: request)
        } later: { [lateAnswers = loop.lateAnswers] in
            let (sessionID, tag) = (caller.sessionID, caller.tag)
            return { lateAnswers.put(LateAnswers.Item(sessionID: sessionID, tag: tag, answer: $0)) }
        }
        return isLate ? nil : response
    }
}

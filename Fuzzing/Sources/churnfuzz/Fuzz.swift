internal import Foundation
internal import FuzzTargets

// churnfuzz TARGET FOLDER [libFuzzer's options and files]: writes the target's seeds and words into FOLDER, and has libFuzzer
// run it. With a file it runs that one input.

/// libFuzzer's own, which calls back for each input.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ input: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

private let arguments = CommandLine.arguments
private let target = arguments.count > 2 ? FuzzTarget(rawValue: arguments[1]) : nil

private func run(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let target else { return 0 }
    do {
        guard let wrong = try target.run(Array(UnsafeBufferPointer(start: bytes, count: count))) else { return 0 }
        print("\(target.rawValue): \(wrong)")
    } catch {
        print("\(target.rawValue): \(error)")
    }
    fflush(nil)
    // libFuzzer writes the input into a file, as for a trap.
    abort()
}

/// The name is the one that libFuzzer's own `main` wants to be linked with.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt { run(bytes, count) }

/// Where SwiftPM has a program begin: the target's name, and `_main`.
@_cdecl("churnfuzz_main")
public func begin(_ count: CInt, _ values: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
    guard let target else {
        print("usage: churnfuzz \(FuzzTarget.allCases.map(\.rawValue).joined(separator: "|")) FOLDER [OPTION...]")
        return 2
    }
    do {
        let words = try prepare(target, arguments[2])
        return drive(["churnfuzz", "-dict=\(words)"] + arguments.dropFirst(3))
    } catch {
        print("error: \(arguments[2]): \(error)")
        return 1
    }
}

/// - Returns: the file of words.
private func prepare(_ target: FuzzTarget, _ folder: String) throws -> String {
    let seeds = "\(folder)/seeds"
    try FileManager.default.createDirectory(atPath: seeds, withIntermediateDirectories: true)
    for (number, seed) in try target.seeds().enumerated() {
        try Data(seed).write(to: URL(filePath: "\(seeds)/\(number)"))
    }
    let words = target.tokens.filter { $0.count < 64 }.map { word in
        "\"" + word.map { "\\x" + String(UInt16($0) + 256, radix: 16).dropFirst() }.joined() + "\""
    }
    try Data((words.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: "\(folder)/words"))
    return "\(folder)/words"
}

private func drive(_ texts: [String]) -> CInt {
    var count = CInt(texts.count)
    // Kept to the end: libFuzzer keeps pointers to them.
    var values: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = .allocate(capacity: texts.count + 1)
    for (index, text) in texts.enumerated() { values?[index] = strdup(text) }
    values?[texts.count] = nil
    return runDriver(&count, &values) { run($0, $1) }
}

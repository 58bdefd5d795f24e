import Glibc
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2)))
struct HelpTests {
    private static let commands = [
        "ingest", "features", "serve", "predict", "score", "train", "evaluate", "explain", "segment", "store",
        "health", "models", "generate", "version",
    ]

    @Test("each command explains itself, with examples, within 80 columns", arguments: commands)
    func command(name: String) async throws {
        let outcome = try await Program.run([name, "--help"])
        #expect(outcome.status == 0)
        #expect(outcome.error == "")
        #expect(outcome.lines.first?.hasPrefix("OVERVIEW: ") == true)
        #expect(outcome.output.contains("EXAMPLES\n  churn \(name)"))
        #expect(outcome.output.contains("--json"))
        for line in outcome.lines where !line.hasPrefix("USAGE: ") { #expect(line.count <= 80, "\(line)") }
    }

    @Test("the program lists its commands, settings and exit statuses")
    func program() async throws {
        let outcome = try await Program.run(["--help"])
        #expect(outcome.status == 0)
        for name in Self.commands { #expect(outcome.output.contains("\n  \(name) ")) }
        for name in ["STORE", "MODELS", "MODEL", "SERVER", "LISTEN", "HOST", "PORT", "TIMEOUT", "LOG_LEVEL"] {
            #expect(outcome.output.contains(" CHURN_\(name) "))
        }
        for status in ["0", "1", "64", "65", "66", "67", "69", "71", "73", "74", "75", "76", "78", "141"] {
            #expect(outcome.lines.contains { $0.hasPrefix("  ") && $0.split(separator: " ").first == status[...] })
        }
        #expect(outcome.output.contains("--generate-completion-script"))
        let script = try await Program.run(["--generate-completion-script", "bash"])
        #expect(script.status == 0)
        #expect(script.output.contains("churn"))
    }

    @Test("the version")
    func version() async throws {
        let flag = try await Program.run(["--version"])
        #expect(flag.output.hasPrefix("churn "))
        let number = flag.output.dropFirst("churn ".count).dropLast()
        let object = try await Program.run(["version", "--json"]).object()
        #expect(object["version"] as? String == String(number))
        #expect(object["protocol"] as? String == "churn.v1")
        #expect(try await Program.run(["version"]).output.hasPrefix("churn \(number)"))
    }

    @Test("the CPU level is the highest there is, the one that is set, or a refusal")
    func cpuLevel() async throws {
        let best = try await Program.run(["version", "--json"]).object()
        let levels = try #require(best["cpu_levels"] as? [String])
        #expect(levels.first == "baseline" && best["cpu_level"] as? String == levels.last)
        for level in levels {
            let set = try await Program.run(["version", "--json"], environment: ["CHURN_CPU_LEVEL": level]).object()
            #expect(set["cpu_level"] as? String == level)
        }
        for arguments in [["version"], ["serve", "--no-store"]] {
            let refused = try await Program.run(arguments, environment: ["CHURN_CPU_LEVEL": "v9"])
            #expect(refused.status == 78)
            #expect(
                refused.error.contains("CHURN_CPU_LEVEL: 'v9' is not a level of this processor, which has baseline")
            )
        }
    }

    @Test(
        "wrong usage is 64, and says how it is right",
        arguments: [
            (["bogus"], "churn <subcommand>"), (["ingest"], "churn ingest [<options>] <path>"),
            (["predict"], "churn predict <customer> ..."), (["predict", "1", "--no-such"], "Unknown option"),
            (["score"], "name a file, or give --all"), (["score", "a.csv", "--all"], "not both"),
            (["score", "a.csv", "--batch-rows", "0"], "--batch-rows: 0"),
            (["ingest", "a.csv", "--batch-lines", "0"], "--batch-lines: 0"), (["generate"], "--output"),
            (["generate", "--output", "x", "--seed", "-1"], "seed"), (["serve", "--drain-timeout", "soon"], "soon"),
            (["serve", "--no-store", "--store", "sqlite:x"], "contradict"),
        ] as [([String], String)]
    )
    func wrongUsage(arguments: [String], part: String) async throws {
        let outcome = try await Program.run(arguments)
        #expect(outcome.status == 64)
        #expect(outcome.output == "")
        #expect(outcome.error.hasPrefix("churn: error: "))
        #expect(outcome.error.contains(part), "\(outcome.error)")
        #expect(outcome.error.contains("Usage: churn"))
    }

    @Test("libmongoc has nothing to say before the program does")
    func quietLibraries() async throws {
        // What a killed process of the same number has left behind: libmongoc would complain on standard error.
        let leftover = "touch /dev/shm/mongoc-$$ && exec \"$0\" version"
        let (status, said) = try await blocking {
            let program = try ChildProcess("/bin/bash", ["-c", leftover, Surroundings.churn()])
            defer { unlink("/dev/shm/mongoc-\(program.identifier)") }
            return program.waitForEnd()
        }
        #expect(status == 0)
        #expect(said == (try await Program.run(["version"]).output))
    }

    @Test("a reader that goes away ends the program quietly; a full disk does not go unnoticed")
    func closedOutput() async throws {
        let full = try await Program.run(["version"], output: "/dev/full")
        #expect(full.status == 74)
        #expect(full.error.hasPrefix("churn: error: the output cannot be written (No space left on device)"))
        #expect(try await Program.run(["--help"], output: "/dev/full").status == 74)
        for arguments in [["version"], ["--help"]] {
            let closed = try await Program.runWithoutReader(arguments)
            #expect(closed.status == 141)
            #expect(closed.error == "")
        }
    }
}

internal import ArgumentParser
internal import ChurnCalls
internal import ChurnClient
internal import ChurnProtocol
internal import Logging

/// The command line of churn: ingest transactions, build features, serve, and ask for predictions.
struct Churn: AsyncParsableCommand {
    private static let callTimeout = TimeArgument(ChurnClient.Configuration.defaultTimeout).defaultValueDescription
    private static let healthTimeout = TimeArgument(Health.defaultTimeout).defaultValueDescription

    static let configuration = CommandConfiguration(
        commandName: "churn",
        abstract: "Customer churn predictions from retail transactions.",
        discussion: """
            FIRST STEPS
              churn ingest transactions.csv.gz   read transactions into the store
              churn features                     make features of them
              churn serve                        answer predictions on \(ServiceAddress.defaultText)
              churn predict 12347                ask for one

            SETTINGS come from a flag, else the environment, else the JSON file that
            --config or CHURN_CONFIG names, such as {"store": "sqlite:/srv/churn.sqlite"},
            else a default:
              key        flag         variable         default
              store      --store      CHURN_STORE      $XDG_DATA_HOME/churn/churn.sqlite,
                                                       else below ~/.local/share
              models     --models     CHURN_MODELS     models here, else
                                                       ../share/churn/models by the program
              model      --model      CHURN_MODEL      the server's default; of serve: all
              server     --server     CHURN_SERVER     \(ServiceAddress.defaultText)
              listen     --listen     CHURN_LISTEN     \(ServiceAddress.defaultText)
              host       --host       CHURN_HOST       that of server and of listen
              port       --port       CHURN_PORT       that of server and of listen
              timeout    --timeout    CHURN_TIMEOUT    \(callTimeout); of health: \(healthTimeout)
              log_level  --log-level  CHURN_LOG_LEVEL  \(Settings.defaultLogLevel.rawValue)

            EXIT STATUS (health uses 0 and 1 only)
            \(ExitStatus.help)

            SHELL COMPLETION
              churn --generate-completion-script bash > /etc/bash_completion.d/churn
              (also zsh and fish)
            """,
        version: "churn \(ChurnVersion.current)",
        subcommands: [
            Ingest.self, Features.self, Serve.self, Predict.self, Score.self, Train.self, Evaluate.self,
            Explain.self, Segment.self, StoreCommand.self, Health.self, Models.self, Generate.self, Version.self,
        ]
    )
}

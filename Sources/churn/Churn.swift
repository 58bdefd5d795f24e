internal import ArgumentParser
internal import ChurnCalls
internal import ChurnProtocol

/// The command line of churn: ingest transactions, build features, serve, and ask for predictions.
struct Churn: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "churn",
        abstract: "Customer churn predictions from retail transactions.",
        discussion: """
            FIRST STEPS
              churn ingest transactions.csv.gz   read transactions into the store
              churn features                     make features of them
              churn serve                        answer predictions on 127.0.0.1:7447
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
              server     --server     CHURN_SERVER     127.0.0.1:7447
              listen     --listen     CHURN_LISTEN     127.0.0.1:7447
              host       --host       CHURN_HOST       that of server and of listen
              port       --port       CHURN_PORT       that of server and of listen
              timeout    --timeout    CHURN_TIMEOUT    10s; of health: 3s
              log_level  --log-level  CHURN_LOG_LEVEL  notice

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

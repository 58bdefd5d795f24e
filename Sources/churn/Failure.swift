internal import ChurnCalls
internal import ChurnClient
internal import ChurnFeatures
internal import ChurnModel
internal import ChurnServer
internal import ChurnServing
internal import ChurnStore
internal import ChurnTraining

/// Why a command did not do what it was told: one line that names the thing and the next step, and how to exit.
struct Failure: Error {
    var status: ExitStatus
    var message: String

    init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }
}

// The one place where errors of the libraries become exit statuses; no `default:`, so that a new case is thought of.
extension Failure {
    /// `nil` for errors that are none of ours.
    init?(_ error: any Error) {
        switch error {
        case let error as Failure: self = error
        case let error as ChurnError: self.init(error)
        case let error as StoreError: self.init(error.status, error.description)
        case let error as ReadingError: self.init(error.status, error.description)
        case let error as TemporaryFileError: self.init(.inputOutput, error.description)
        case let error as GroupingError: self.init(error.status, error.description)
        case let error as ModelError: self.init(error.status, error.description)
        case let error as ServerError: self.init(error.status, error.description)
        case let error as ModelSetError: self.init(error.status, error.description)
        case let error as TrainingError: self.init(error.status, error.description)
        case let error as SegmentationError: self.init(error.status, error.description)
        case let error as SyntheticError: self.init(error.status, error.description)
        case OutputError.failed(let reason):
            self.init(.inputOutput, "the output cannot be written (\(reason)); check the disk it goes to")
        default: return nil
        }
    }

    init(_ error: ChurnError) {
        let hint =
            switch error.code {
            // Nobody there, as far as can be told: the usual cause is a server that was not started.
            case .unavailable where error.notProcessed: " (`churn serve` starts one)"
            case .notFound: "; check the id and the model's name"
            default: ""
            }
        self.init(error.code.exitStatus, error.message + hint)
    }
}

extension StatusCode {
    fileprivate var exitStatus: ExitStatus {
        switch self {
        case .invalidArgument, .outOfRange, .failedPrecondition: .badData
        case .notFound: .unknownName
        case .unavailable: .unavailable
        case .deadlineExceeded, .resourceExhausted, .cancelled, .aborted: .tryAgain
        case .unimplemented: .badAnswer
        case .internal: .badAnswer
        default: .fault
        }
    }
}

extension StoreError {
    fileprivate var status: ExitStatus {
        switch self {
        case .invalidLocation: .usage
        case .unusableAddress: .configuration
        case .unreachable: .unavailable
        case .refused: .inputOutput
        case .notFound, .noBuild: .inputMissing
        case .notAStore, .newerSchema, .olderSchema, .noTransactions, .emptyHistory, .facts, .damaged, .damagedLines:
            .badData
        case .busy: .tryAgain
        case .unavailable: .inputOutput
        }
    }
}

extension ReadingError {
    fileprivate var status: ExitStatus {
        switch self {
        case .notFound, .isDirectory, .noFiles, .unreadable: .inputMissing
        case .emptyFile, .missingColumns, .missingSheetColumns, .duplicateColumn, .tooManyColumns, .headerTooLong,
            .badHeaderQuotes,
            .carriageReturns, .utf16, .zipArchive, .unreadableFormat, .container, .nulByte, .truncatedGzip,
            .damagedGzip, .noDateLayout, .badRecord, .layout:
            .badData
        case .rejectsUnwritable, .rejectsOverwrites: .cannotCreate
        }
    }
}

extension GroupingError {
    fileprivate var status: ExitStatus {
        switch self {
        case .facts, .noPurchases, .emptyHistory, .tooManyRuns, .tooManyRepeatedLines: .badData
        case .temporaryFile: .inputOutput
        }
    }
}

extension ModelError {
    fileprivate var status: ExitStatus {
        switch self {
        case .missing, .unreadable: .inputMissing
        case .alreadyExists, .unwritable: .cannotCreate
        case .noSelection, .invalidSelector: .usage
        case .unknownModel: .unknownName
        case .tooLarge, .checksumMissing, .checksumMalformed, .checksumMismatch, .notJSON, .malformed, .wrongFormat,
            .nameMismatch, .versionMismatch, .schemaMismatch, .invalidName, .noInputs, .tooManyInputs, .duplicateInput,
            .notFinite, .outOfRange, .strayFolder:
            .badData
        }
    }
}

extension ServerError {
    fileprivate var status: ExitStatus {
        switch self {
        case .configuration: .usage
        case .system, .portInUse, .cannotListen, .handover: .systemRefused
        }
    }
}

extension ModelSetError {
    fileprivate var status: ExitStatus {
        switch self {
        case .noModel: .inputMissing
        case .unknownFeatures: .badData
        }
    }
}

extension TrainingError {
    fileprivate var status: ExitStatus {
        switch self {
        case .model(let error): error.status
        case .invalidSetting, .overlappingTest: .usage
        case .wrongShape, .noRows, .tooManyRows, .tooManyInputs, .duplicateInput, .unknownFeature, .noProducts,
            .unusableValue, .unusableScore, .oneClass, .collinear, .separable, .notConverged, .linesNotGrouped, .facts,
            .windowBeyondData, .missingSnapshot, .missingImport, .noTrainingCutoff, .leaks:
            .badData
        }
    }
}

extension SegmentationError {
    fileprivate var status: ExitStatus {
        switch self {
        case .setting: .usage
        case .noPoints, .tooManyPoints, .wrongShape, .invalidValue, .tooFewDistinctPoints, .notConverged,
            .invalidLabel, .oneCluster, .noKnee, .malformedModel:
            .badData
        }
    }
}

extension SyntheticError {
    fileprivate var status: ExitStatus {
        switch self {
        case .customersOutOfRange, .daysOutOfRange, .startOutOfRange: .usage
        case .unwritable: .cannotCreate
        }
    }
}

extension String {
    /// With a space for every control character: text of others must neither break a line nor steer a terminal.
    var oneLine: String {
        var line = UnicodeScalarView()
        for scalar in unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: line.append(" ")
            default: line.append(scalar)
            }
        }
        return String(line)
    }
}

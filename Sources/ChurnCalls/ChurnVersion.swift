/// The version of this software, as `churn version` and Health give it. CHANGELOG.md says what each one brought.
package enum ChurnVersion {
    package static let current = "0.1.0"
}

/// Runs Python statements on a database (see Tests/Peers/python/mongo_edit.py). Blocks.
package func edit(mongodb uri: String, _ statements: String...) throws {
    let script = Surroundings.path("Tests/Peers/python/mongo_edit.py")
    try ChildProcess.run(Surroundings.python(), [script, uri] + statements)
}

internal import CZip
internal import Foundation

/// Writes zip archives with libzip, for tests.
package enum ZipFile {
    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    package struct Member {
        package enum Content {
            case bytes([UInt8])
            /// A file on disk.
            case file(String)
        }

        package var name: String
        package var content: Content
        package var isStored = false
        /// Encrypts with AES-256.
        package var password: String?
        /// The mode of a Unix file, with its type; nil: none is noted.
        package var unixMode: UInt32?

        package init(_ name: String, _ bytes: [UInt8], isStored: Bool = false) {
            self.name = name
            content = .bytes(bytes)
            self.isStored = isStored
        }

        package init(_ name: String, _ text: String) {
            self.init(name, Array(text.utf8))
        }

        package init(_ name: String, file: String) {
            self.name = name
            content = .file(file)
        }
    }

    /// Makes the archive, in the order of the members. A name that ends in a slash makes a folder.
    ///
    /// - Parameter addingTo: adds to the archive that is there; a member of the same name gives way.
    package static func write(_ members: [Member], to path: String, addingTo: Bool = false) throws {
        var code: Int32 = 0
        guard let archive = zip_open(path, addingTo ? 0 : ZIP_CREATE | ZIP_TRUNCATE, &code) else {
            throw Failure(description: "\(path): libzip code \(code)")
        }
        // Read by libzip when the archive is closed.
        var buffers: [UnsafeMutableRawBufferPointer] = []
        defer {
            for buffer in buffers { buffer.deallocate() }
        }
        do {
            for member in members {
                if member.name.hasSuffix("/") {
                    guard zip_dir_add(archive, member.name, 0) >= 0 else { throw Failure(description: member.name) }
                    continue
                }
                let source: OpaquePointer?
                switch member.content {
                case .bytes(let bytes):
                    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, bytes.count), alignment: 1)
                    buffers.append(buffer)
                    buffer.copyBytes(from: bytes)
                    source = zip_source_buffer(archive, buffer.baseAddress, UInt64(bytes.count), 0)
                case .file(let file):
                    source = zip_source_file(archive, file, 0, 0)
                }
                try add(member, source, to: archive)
            }
        } catch {
            zip_discard(archive)
            throw error
        }
        guard zip_close(archive) == 0 else {
            let text = String(cString: zip_strerror(archive))
            zip_discard(archive)
            throw Failure(description: "\(path): \(text)")
        }
    }

    private static func add(_ member: Member, _ source: OpaquePointer?, to archive: OpaquePointer) throws {
        let index = zip_file_add(archive, member.name, source, UInt32(ZIP_FL_ENC_UTF_8 | ZIP_FL_OVERWRITE))
        guard index >= 0 else {
            zip_source_free(source)
            throw Failure(description: "\(member.name): \(String(cString: zip_strerror(archive)))")
        }
        let method = Int32(member.isStored ? ZIP_CM_STORE : ZIP_CM_DEFLATE)
        guard zip_set_file_compression(archive, UInt64(index), method, 1) == 0 else {
            throw Failure(description: "\(member.name): no such compression")
        }
        if let password = member.password {
            guard zip_file_set_encryption(archive, UInt64(index), UInt16(ZIP_EM_AES_256), password) == 0 else {
                throw Failure(description: "\(member.name): no encryption")
            }
        }
        if let mode = member.unixMode {
            zip_file_set_external_attributes(archive, UInt64(index), 0, UInt8(ZIP_OPSYS_UNIX), mode << 16)
        }
    }
}

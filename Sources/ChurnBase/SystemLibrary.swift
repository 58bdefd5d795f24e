// The C library of the platform, for every target that imports ChurnBase. The re-export spares each file that makes a
// system call the choice between the libraries' names; Swift has no other way to pass a module's declarations on.
#if canImport(Glibc)
    @_exported public import Glibc
#elseif canImport(Musl)
    @_exported public import Musl
#elseif canImport(Darwin)
    @_exported public import Darwin
#endif

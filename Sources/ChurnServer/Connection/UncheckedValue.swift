/// A value in memory of its own, for a property that is used with every call and confined to one thread. The run-time
/// checks of exclusive access, which a property of a class has, cost more than most of what is done with such a value.
///
/// Whoever owns it must not begin an access within another one that changes the value. Accessors that pass a part of it
/// on are `@inline(__always)`, as these are: one that is called allocates a frame on the heap for each access.
struct UncheckedValue<Value: ~Copyable>: ~Copyable {
    private let memory: UnsafeMutablePointer<Value>

    init(_ value: consuming Value) {
        memory = .allocate(capacity: 1)
        memory.initialize(to: value)
    }

    deinit {
        memory.deinitialize(count: 1)
        memory.deallocate()
    }

    var value: Value {
        @inline(__always) _read { yield memory.pointee }
        @inline(__always) nonmutating _modify { yield &memory.pointee }
    }
}

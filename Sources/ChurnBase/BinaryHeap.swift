/// What a `BinaryHeap` holds.
@usableFromInline
package protocol HeapElement {
    /// Whether the element leaves the heap before the other one; neither does where two are equal.
    func isBefore(_ other: Self) -> Bool

    /// The element is at `index` now. For elements that have to be found again; the others need not implement it.
    func moved(to index: Int)
}

extension HeapElement {
    @inlinable
    package func moved(to index: Int) {}
}

/// A priority queue over an array (Knuth, TAOCP vol. 3, 5.2.3): the element that is before all others comes first.
///
/// - Complexity: O(log n) a change; O(1) for an insertion in order.
///
/// Every function is `@inline(__always)`: without it the compiler leaves a `package` generic of another module unspecialised,
/// however inlinable it is.
@usableFromInline
package struct BinaryHeap<Element: HeapElement> {
    @usableFromInline package var elements: [Element] = []

    @inlinable
    package init() {}

    @inlinable package var first: Element? { elements.first }
    @inlinable package var count: Int { elements.count }

    @inlinable
    package mutating func insert(_ element: Element) {
        elements.append(element)
        place(element, elements.count - 1)
        siftUp(elements.count - 1)
    }

    /// - Precondition: `index < count`.
    @inlinable
    package mutating func replace(at index: Int, with element: Element) {
        place(element, index)
        siftDown(siftUp(index))
    }

    /// - Precondition: `index < count`.
    @inlinable
    @discardableResult
    package mutating func remove(at index: Int) -> Element {
        let removed = elements[index]
        let last = elements.removeLast()
        if index < elements.count { replace(at: index, with: last) }
        return removed
    }

    /// Puts the first element, which is no longer what it was, where it belongs now.
    @inlinable
    package mutating func firstChanged() {
        if !elements.isEmpty { siftDown(0) }
    }

    @inlinable
    package mutating func place(_ element: Element, _ index: Int) {
        elements[index] = element
        element.moved(to: index)
    }

    /// - Returns: where the element went.
    @inlinable
    @discardableResult
    package mutating func siftUp(_ start: Int) -> Int {
        var index = start
        while index > 0 {
            let parent = (index - 1) / 2
            guard elements[index].isBefore(elements[parent]) else { break }
            exchange(index, parent)
            index = parent
        }
        return index
    }

    @inlinable
    package mutating func siftDown(_ start: Int) {
        var index = start
        while true {
            let left = 2 * index + 1
            guard left < elements.count else { return }
            let right = left + 1
            let child = right < elements.count && elements[right].isBefore(elements[left]) ? right : left
            guard elements[child].isBefore(elements[index]) else { return }
            exchange(index, child)
            index = child
        }
    }

    @inlinable
    package mutating func exchange(_ one: Int, _ other: Int) {
        elements.swapAt(one, other)
        elements[one].moved(to: one)
        elements[other].moved(to: other)
    }
}

extension BinaryHeap: Sendable where Element: Sendable {}

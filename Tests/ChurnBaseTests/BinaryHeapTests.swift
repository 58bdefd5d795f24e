import ChurnBase
import Testing
import TestSupport

@Suite struct BinaryHeapTests {
    /// Knows its place, as a timer does.
    private final class Item: HeapElement {
        var key: Int
        var index = -1

        init(_ key: Int) { self.key = key }

        func isBefore(_ other: Item) -> Bool { key < other.key }
        func moved(to index: Int) { self.index = index }
    }

    @Test("the least comes first, whatever was inserted, changed and removed", arguments: 0..<UInt64(50))
    func order(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var heap = BinaryHeap<Item>()
        var items: [Item] = []
        for _ in 0..<400 {
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1, 2:
                let item = Item(Int.random(in: 0..<50, using: &random))
                items.append(item)
                heap.insert(item)
            case 3:
                guard let item = items.randomElement(using: &random) else { continue }
                let changed = Item(Int.random(in: 0..<50, using: &random))
                heap.replace(at: item.index, with: changed)
                items.removeAll { $0 === item }
                items.append(changed)
            case 4:
                guard let item = items.randomElement(using: &random) else { continue }
                #expect(heap.remove(at: item.index) === item)
                items.removeAll { $0 === item }
            default:
                guard let first = heap.first else { continue }
                first.key += Int.random(in: 0..<20, using: &random)
                heap.firstChanged()
            }
            #expect(heap.count == items.count)
            #expect(heap.first?.key == items.map(\.key).min())
        }
        #expect(Set(items.map(\.index)) == Set(0..<items.count))
        var previous = Int.min
        while let first = heap.first {
            #expect(first.key >= previous)
            previous = first.key
            heap.remove(at: 0)
        }
    }
}
